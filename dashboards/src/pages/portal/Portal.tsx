import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { DepartmentView } from "../../api/generated";
import {
  listDepartmentsOptions,
  listPoolsOptions,
  listRequestsOptions,
  showOverviewOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { RequestButton } from "../../app/RequestButton";
import { DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { Ceilings } from "../department/Ceilings";
import { requestColumns, requestKey } from "../requests/columns";
import { PoolRoom } from "./PoolRoom";
import css from "./Portal.module.css";
import { Totals } from "./Totals";

/** The latest requests; all of them are one click away. */
const LATEST = 10;

/** A department's own page: what it has and uses, its ceiling, its requests. */
export default function Portal() {
  const { t } = useTranslation();
  const overview = useQuery(showOverviewOptions());
  const departments = useQuery(listDepartmentsOptions());
  const pools = useQuery(listPoolsOptions());
  const requests = useQuery(listRequestsOptions({ query: { limit: LATEST, sort: "-createdAt" } }));
  useChanges(["QuotaRequest", "Application", "Department", "PoolLedger", "ResourcePool"], () => {
    for (const query of [overview, departments, pools, requests]) void query.refetch();
  });
  return (
    <>
      <PageHeader
        title={t("nav.portal")}
        asOf={overview.data?.asOf}
        actions={<RequestButton>{t("requests.new")}</RequestButton>}
      />
      <div className={css["page"]}>
        <QueryView query={overview} lines={4}>
          {(data) => <Totals shares={data.byDepartment} requests={data.requests} />}
        </QueryView>
        <Panel
          title={t("portal.requests")}
          extra={<Link to="/requests">{t("portal.allRequests")}</Link>}
          flush
        >
          <QueryView query={requests}>
            {(data) => (
              <DataTable
                caption={t("portal.requests")}
                rows={data.items}
                rowKey={requestKey}
                columns={requestColumns(t, { application: true, department: false })}
                empty={
                  <EmptyView
                    title={t("requests.nothing.mine")}
                    action={<Link to="/requests/new">{t("requests.new")}</Link>}
                  />
                }
              />
            )}
          </QueryView>
        </Panel>
        <div className={css["pair"]}>
          <Panel title={t("department.ceilings")} flush>
            <QueryView query={departments}>
              {(data) => data.items.map((one) => <OwnCeilings key={one.name} department={one} />)}
            </QueryView>
          </Panel>
          <Panel title={t("portal.room")} flush>
            <QueryView query={pools}>{(data) => <PoolRoom pools={data.items} />}</QueryView>
          </Panel>
        </div>
      </div>
    </>
  );
}

function OwnCeilings({ department }: { department: DepartmentView }) {
  return <Ceilings caption={department.displayName} ceilings={department.ceilings} />;
}
