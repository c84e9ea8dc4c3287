import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { DepartmentView } from "../../api/generated";
import { showDepartmentOptions } from "../../api/generated/@tanstack/react-query.gen";
import { PoolName } from "../../app/PoolName";
import { Amount } from "../../components/Amount";
import { Conditions } from "../../components/Conditions";
import { type Column, DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { EmptyView } from "../../components/EmptyView";
import { KubectlLine } from "../../components/KubectlLine";
import { Mark } from "../../components/Mark";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import { Ceilings } from "./Ceilings";
import css from "./Department.module.css";

const route = getRouteApi("/signed-in/departments/$department");

type Grant = DepartmentView["granted"][number];

/** One unit: what it has, what bounds it. */
export function DepartmentPage() {
  const { t } = useTranslation();
  const words = useWords();
  const { department: name } = route.useParams();
  const query = useQuery(showDepartmentOptions({ path: { department: name } }));
  useChanges(["Department", "Application", "PoolLedger"], () => void query.refetch());
  return (
    <>
      <PageHeader
        title={query.data?.displayName ?? name}
        back={<Link to="/departments">← {t("nav.departments")}</Link>}
        tags={
          query.data ? (
            <>
              <Mark>{words("tier", query.data.tier)}</Mark>
              {query.data.sample ? <Mark tone="info">{t("sample.mark")}</Mark> : null}
            </>
          ) : null
        }
      />
      <QueryView query={query}>{(department) => <Body department={department} />}</QueryView>
    </>
  );
}

function Body({ department }: { department: DepartmentView }) {
  const { t } = useTranslation();
  const words = useWords();
  const columns: Column<Grant>[] = [
    {
      key: "pool",
      title: t("field.pool"),
      names: true,
      cell: (grant) => <PoolName pool={grant.pool} />,
    },
    ...RESOURCES.map((resource) => ({
      key: resource,
      title: words("resource", resource),
      figures: true,
      cell: (grant: Grant) => <Amount resource={resource} text={grant.granted[resource]} />,
    })),
  ];
  return (
    <div className={css["page"]}>
      <Panel title={t("department.about")}>
        <Definitions
          items={[
            { term: t("field.name"), value: <code>{department.name}</code> },
            {
              term: t("department.parent"),
              value: department.parent ? (
                <Link to="/departments/$department" params={{ department: department.parent }}>
                  {department.parent}
                </Link>
              ) : (
                "—"
              ),
            },
            { term: t("department.division"), value: department.division ?? "—" },
            {
              term: t("figures.applications"),
              value: (
                <Link to="/applications" search={{ department: department.name }}>
                  {department.applications.toLocaleString("en-US")}
                </Link>
              ),
            },
          ]}
        />
      </Panel>
      <Panel title={t("department.granted")} flush>
        <DataTable
          caption={t("department.granted")}
          columns={columns}
          rows={department.granted}
          rowKey={(grant) => grant.pool}
          empty={<EmptyView title={t("department.nothingGranted")} />}
        />
      </Panel>
      <Panel title={t("department.ceilings")} flush>
        <Ceilings caption={t("department.ceilings")} ceilings={department.ceilings} />
      </Panel>
      <Panel title={t("conditions.title")} flush>
        <Conditions caption={t("conditions.title")} conditions={department.conditions} />
      </Panel>
      <KubectlLine command={`kubectl get department ${department.name} -o yaml`} />
    </div>
  );
}
