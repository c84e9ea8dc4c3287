import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { RequestView } from "../../api/generated";
import { showRequestOptions } from "../../api/generated/@tanstack/react-query.gen";
import { isOpen } from "../../app/choices";
import { PoolName } from "../../app/PoolName";
import { Amount } from "../../components/Amount";
import { AutomaticOutcomeView } from "../../components/AutomaticVerdict";
import { Conditions } from "../../components/Conditions";
import { type Column, DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { DueChip } from "../../components/DueChip";
import { KubectlLine } from "../../components/KubectlLine";
import { DownloadButton } from "../../components/DownloadButton";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { PhaseMark } from "../../components/PhaseMark";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource } from "../../lib/amount";
import { dateTime } from "../../lib/time";
import { Person, StageMark } from "../requests/columns";
import { Delta } from "../requests/Delta";
import { Decision } from "./Decision";
import { History } from "./History";
import { Pending } from "./Pending";
import { PoolImpact } from "./PoolImpact";
import css from "./Request.module.css";

const route = getRouteApi("/signed-in/requests/$department/$name");

/** One request: at the left what is asked and why, at the right what it does and the decision. */
export function RequestPage() {
  const { t } = useTranslation();
  const { department, name } = route.useParams();
  const query = useQuery(showRequestOptions({ path: { department, name } }));
  useChanges(
    ["QuotaRequest", "QuotaDecision", "PoolLedger", "ResourcePool"],
    () => void query.refetch(),
  );
  const request = query.data;
  const number = request?.number ?? name;
  return (
    <>
      <PageHeader
        title={t("request.title", { number })}
        back={<Link to="/requests">← {t("nav.requests")}</Link>}
        tags={
          request ? (
            <>
              <PhaseMark phase={request.phase} />
              <StageMark request={request} />
              {request.stage?.dueAt ? (
                <DueChip
                  dueAt={request.stage.dueAt}
                  workdays={request.stage.workdaysLeft}
                  provisional={request.stage.provisional}
                  overdue={request.stage.overdue}
                />
              ) : null}
            </>
          ) : null
        }
        actions={
          <DownloadButton path={`/api/v1/requests/${department}/${name}/form.xlsx`}>
            {t("export.form")}
          </DownloadButton>
        }
      />
      <QueryView query={query} lines={10}>
        {(data) => (
          <div className={css["columns"]}>
            <div className={css["pending"]}>
              <Pending request={data} />
            </div>
            <div className={css["left"]}>
              <Form request={data} />
              <History request={data} />
              <Panel title={t("conditions.title")} flush>
                <Conditions caption={t("conditions.title")} conditions={data.conditions} />
              </Panel>
              <KubectlLine
                command={`kubectl -n dept-${data.department} get quotarequest ${data.name} -o yaml`}
              />
            </div>
            <div className={css["right"]}>
              {data.automatic ? (
                <Panel title={t("automatic.title")} flush>
                  <AutomaticOutcomeView review={data.automatic} />
                </Panel>
              ) : null}
              {data.preview ? <PoolImpact pool={data.pool} preview={data.preview} /> : null}
              <Decision request={data} />
            </div>
          </div>
        )}
      </QueryView>
    </>
  );
}

function Form({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const words = useWords();
  const { basis } = request;
  const current: Column<Resource> = {
    key: "current",
    title: t("request.current"),
    figures: true,
    cell: (r) => <Amount resource={r} text={request.current[r]} />,
  };
  const delta: Column<Resource> = {
    key: "delta",
    title: t("impact.change"),
    figures: true,
    cell: (r) => <Delta resource={r} from={request.current[r]} to={request.resources[r]} />,
  };
  const optional = (term: string, value: string | null | undefined) =>
    value ? [{ term, value }] : [];
  return (
    <Panel title={t("request.form")} flush>
      <div className={css["facts"]}>
        <Definitions
          items={[
            { term: t("field.type"), value: words("requestType", request.type) },
            {
              term: t("field.application"),
              value: (
                <Link
                  to="/applications/$department/$name"
                  params={{ department: request.department, name: request.application }}
                >
                  {request.applicationName || request.application}
                </Link>
              ),
            },
            { term: t("field.department"), value: request.departmentName },
            { term: t("field.pool"), value: <PoolName pool={request.pool} /> },
            ...(request.moveFrom
              ? [{ term: t("field.moveFrom"), value: <PoolName pool={request.moveFrom} /> }]
              : []),
            {
              term: t("field.requester"),
              value: <Person name={request.requester} short={request.requesterShort} />,
            },
            { term: t("field.createdAt"), value: dateTime(request.createdAt) ?? "—" },
            ...(request.period
              ? [
                  {
                    term: t("field.period"),
                    value: t("capacity.fromTo", {
                      start: request.period.start,
                      end: request.period.end ?? t("application.never"),
                    }),
                  },
                ]
              : []),
            ...optional(t("request.endsAt"), dateTime(request.term?.endsAt)),
            ...optional(
              t("request.warned"),
              request.term?.warned.length
                ? t("request.warnedDays", {
                    days: request.term.warned.join(t("app.listSeparator")),
                  })
                : null,
            ),
            ...optional(t("basis.users"), basis.users),
            ...optional(t("basis.concurrency"), basis.concurrency),
            ...optional(t("basis.dataVolume"), basis.dataVolume),
            ...optional(t("basis.approvalNumber"), basis.approvalNumber),
            ...optional(t("basis.funding"), basis.funding),
            ...request.details.map((detail) => ({ term: detail.label, value: detail.value })),
            {
              term: t("field.justification"),
              value: <span className={css["prose"]}>{request.justification}</span>,
              wide: true,
            },
          ]}
        />
      </div>
      <DataTable
        caption={t("request.amounts")}
        rows={[...RESOURCES]}
        rowKey={(resource) => resource}
        columns={[
          {
            key: "resource",
            title: t("field.resource"),
            names: true,
            cell: (r) => words("resource", r),
          },
          ...(isOpen(request.phase) ? [current] : []),
          {
            key: "asked",
            title: t("request.asked"),
            figures: true,
            cell: (r) => <Amount resource={r} text={request.resources[r]} strong />,
          },
          ...(isOpen(request.phase) ? [delta] : []),
        ]}
      />
    </Panel>
  );
}
