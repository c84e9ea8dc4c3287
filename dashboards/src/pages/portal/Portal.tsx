import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { DepartmentView } from "../../api/generated";
import {
  listApplicationsOptions,
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
import { applicationColumns, applicationKey } from "../applications/columns";
import { Ceilings } from "../department/Ceilings";
import { requestColumns, requestKey } from "../requests/columns";
import { PoolRoom } from "./PoolRoom";
import css from "./Portal.module.css";
import { Totals } from "./Totals";
import { Waiting } from "./Waiting";

/** The latest requests; all of them are one click away. */
const LATEST = 10;
/** What waits for one's own answer; more stand in the list behind it. */
const WAITING = 10;
/** A department has rarely more applications; the list behind has them all. */
const APPLICATIONS = 200;

/** Of an application: what it has and uses, and how it stands. */
const SHOWN: readonly string[] = ["name", "pool", "cpu", "memory", "storage", "state"];

/** A department's own page: what it has and uses, what waits for it, its requests. */
export default function Portal() {
  const { t } = useTranslation();
  const overview = useQuery(showOverviewOptions());
  const departments = useQuery(listDepartmentsOptions());
  const pools = useQuery(listPoolsOptions());
  const requests = useQuery(listRequestsOptions({ query: { limit: LATEST, sort: "-createdAt" } }));
  const waiting = useQuery(
    listRequestsOptions({ query: { waitingFor: "me", limit: WAITING, sort: "dueAt" } }),
  );
  const applications = useQuery(
    listApplicationsOptions({ query: { limit: APPLICATIONS, sort: "-memory" } }),
  );
  useChanges(["QuotaRequest", "Application", "Department", "PoolLedger", "ResourcePool"], () => {
    for (const query of [overview, departments, pools, requests, waiting, applications]) {
      void query.refetch();
    }
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
        <QueryView query={waiting} lines={2}>
          {(data) => (
            <Waiting
              requests={data.items}
              total={data.total}
              applications={applications.data?.items ?? []}
            />
          )}
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
        <Panel
          title={t("nav.myApplications")}
          extra={<Link to="/applications">{t("portal.allApplications")}</Link>}
          flush
        >
          <QueryView query={applications}>
            {(data) => (
              <DataTable
                caption={t("nav.myApplications")}
                rows={data.items.slice(0, LATEST)}
                rowKey={applicationKey}
                columns={applicationColumns(t, true).filter(({ key }) => SHOWN.includes(key))}
                empty={
                  <EmptyView
                    title={t("portal.noApplications")}
                    action={
                      <Link to="/requests/new" search={{ type: "New" }}>
                        {t("applications.requestNew")}
                      </Link>
                    }
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
