import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Bundle } from "../api/generated";
import { useWords } from "../i18n/words";
import { RESOURCES } from "../lib/amount";
import { Amount } from "./Amount";
import { DataTable } from "./DataTable";

export interface Share {
  key: string;
  name: ReactNode;
  applications: number;
  granted: Bundle;
}

interface ShareTableProps {
  caption: string;
  nameTitle: string;
  rows: Share[];
  footer?: ReactNode;
}

/** Who holds how much: a tier, a department, with its applications and what is granted to it. */
export function ShareTable({ caption, nameTitle, rows, footer }: ShareTableProps) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <DataTable
      caption={caption}
      rows={rows}
      rowKey={(row) => row.key}
      footer={footer}
      columns={[
        { key: "name", title: nameTitle, names: true, cell: (row) => row.name },
        {
          key: "applications",
          title: t("figures.applications"),
          figures: true,
          cell: (row) => row.applications.toLocaleString("en-US"),
        },
        ...RESOURCES.map((resource) => ({
          key: resource,
          title: words("resource", resource),
          figures: true,
          cell: (row: Share) => <Amount resource={resource} text={row.granted[resource]} />,
        })),
      ]}
    />
  );
}
