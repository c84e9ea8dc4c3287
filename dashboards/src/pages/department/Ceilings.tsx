import { useTranslation } from "react-i18next";
import type { DepartmentView } from "../../api/generated";
import { usePoolName } from "../../app/PoolName";
import { Amount } from "../../components/Amount";
import { CapacityBar } from "../../components/CapacityBar";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Free } from "../../components/Impact";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource } from "../../lib/amount";
import css from "./Department.module.css";

type Ceiling = DepartmentView["ceilings"][number];

interface Row {
  ceiling: Ceiling;
  resource: Resource;
}

/** What bounds the department and all below it: limit, allocated, left. */
export function Ceilings({ caption, ceilings }: { caption: string; ceilings: Ceiling[] }) {
  const { t } = useTranslation();
  const words = useWords();
  const poolName = usePoolName();
  const rows = ceilings.flatMap((ceiling) => RESOURCES.map((resource) => ({ ceiling, resource })));
  const columns: Column<Row>[] = [
    {
      key: "pool",
      title: t("field.pool"),
      names: true,
      cell: ({ ceiling, resource }) => `${poolName(ceiling.pool)} · ${words("resource", resource)}`,
    },
    {
      key: "ceiling",
      title: t("department.ceiling"),
      figures: true,
      cell: ({ ceiling, resource }) => (
        <Amount resource={resource} text={ceiling.ceiling[resource]} strong />
      ),
    },
    {
      key: "allocated",
      title: t("figures.allocated"),
      figures: true,
      cell: ({ ceiling, resource }) => (
        <Amount resource={resource} text={ceiling.allocated[resource]} />
      ),
    },
    {
      key: "left",
      title: t("department.left"),
      figures: true,
      cell: ({ ceiling, resource }) => <Free resource={resource} text={ceiling.left[resource]} />,
    },
    {
      key: "bar",
      title: t("figures.bar"),
      className: css["bar"],
      cell: ({ ceiling, resource }) => (
        <CapacityBar
          slim
          resource={resource}
          label={`${poolName(ceiling.pool)} ${words("resource", resource)}`}
          contract={ceiling.ceiling[resource]}
          granted={ceiling.allocated[resource]}
        />
      ),
    },
  ];
  return (
    <DataTable
      caption={caption}
      columns={columns}
      rows={rows}
      rowKey={({ ceiling, resource }) => `${ceiling.pool} ${resource}`}
      empty={<EmptyView title={t("department.noCeiling")} />}
    />
  );
}
