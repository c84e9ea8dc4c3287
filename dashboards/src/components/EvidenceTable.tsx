import { useTranslation } from "react-i18next";
import type { Evidence } from "../api/generated";
import { useWords } from "../i18n/words";
import { type Column, DataTable } from "./DataTable";

/** What each rule of automatic approval found, beside what it asks. */
export function EvidenceTable({ evidence }: { evidence: Evidence[] }) {
  const { t } = useTranslation();
  const words = useWords();
  if (evidence.length === 0) return null;
  const columns: Column<Evidence>[] = [
    {
      key: "rule",
      title: t("automatic.rule"),
      cell: (one) => `${one.rule === one.title ? "" : `${one.rule} `}${one.title}`,
    },
    {
      key: "resource",
      title: t("automatic.resource"),
      cell: (one) => (one.resource ? words("resource", one.resource) : "—"),
    },
    {
      key: "value",
      title: t("automatic.value"),
      figures: true,
      cell: (one) => `${one.value}${one.window ? ` (${one.window})` : ""}`,
    },
    {
      key: "threshold",
      title: t("automatic.threshold"),
      figures: true,
      cell: (one) => one.threshold,
    },
    {
      key: "result",
      title: t("automatic.result"),
      cell: (one) =>
        one.passed ? t("automatic.passed") : (one.reason?.message ?? t("automatic.failed")),
    },
  ];
  return (
    <DataTable
      caption={t("automatic.evidence")}
      columns={columns}
      rows={evidence}
      rowKey={(one) => `${one.rule} ${one.resource} ${one.threshold}`}
    />
  );
}
