import { useTranslation } from "react-i18next";
import type { ApplicationView } from "../../api/generated";
import { DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Panel } from "../../components/Panel";

/** Figures that the city published about this system, each with its date and source. */
export function Facts({ application }: { application: ApplicationView }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("application.tab.facts")} extra={t("facts.note")} flush>
      <DataTable
        caption={t("application.tab.facts")}
        rows={application.facts}
        rowKey={(fact) => fact.label}
        empty={<EmptyView title={application.sample ? t("facts.noneSample") : t("facts.none")} />}
        columns={[
          { key: "label", title: t("facts.label"), names: true, cell: (fact) => fact.label },
          {
            key: "value",
            title: t("facts.value"),
            cell: (fact) => `${fact.value}${fact.unit ? ` ${fact.unit}` : ""}`,
          },
          { key: "asOf", title: t("facts.asOf"), cell: (fact) => fact.asOf || "—" },
          { key: "source", title: t("facts.source"), cell: (fact) => fact.source || "—" },
        ]}
      />
    </Panel>
  );
}
