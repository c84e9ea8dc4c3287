import { Link } from "@tanstack/react-router";
import type { TFunction } from "i18next";
import type { RequestView } from "../../api/generated";
import { isOpen } from "../../app/choices";
import { PoolProvider } from "../../app/PoolName";
import { Amount } from "../../components/Amount";
import type { Column } from "../../components/DataTable";
import { DueChip } from "../../components/DueChip";
import { Mark } from "../../components/Mark";
import { PhaseMark } from "../../components/PhaseMark";
import { Word } from "../../components/Word";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import { minuteTime } from "../../lib/time";
import { Delta } from "./Delta";
import css from "./Requests.module.css";

export function requestKey(request: RequestView): string {
  return `${request.department}/${request.name}`;
}

interface Shown {
  application: boolean;
  department: boolean;
}

export function requestColumns(t: TFunction, shown: Shown): Column<RequestView>[] {
  const columns: (Column<RequestView> | null)[] = [
    {
      key: "number",
      title: t("field.request"),
      sortBy: "number",
      names: true,
      className: css["number"],
      cell: (request) => (
        <Link
          to="/requests/$department/$name"
          params={{ department: request.department, name: request.name }}
        >
          {request.number ?? request.name}
        </Link>
      ),
    },
    {
      key: "type",
      title: t("field.type"),
      cell: (request) => <Word kind="requestType" of={request.type} />,
    },
    shown.application
      ? {
          key: "application",
          title: t("field.application"),
          sortBy: "application",
          className: css["application"],
          cell: (request) => request.applicationName || request.application,
        }
      : null,
    shown.department
      ? {
          key: "department",
          title: t("field.department"),
          sortBy: "department",
          className: css["application"],
          cell: (request) => request.departmentName,
        }
      : null,
    {
      key: "pool",
      title: t("field.pool"),
      cell: (request) => <PoolProvider pool={request.pool} />,
    },
    ...RESOURCES.map((resource) => ({
      key: resource,
      title: <Word kind="resource" of={resource} />,
      sortBy: resource,
      figures: true,
      cell: (request: RequestView) => (
        <span className={css["amount"]}>
          <Amount resource={resource} text={request.resources[resource]} />
          {isOpen(request.phase) ? (
            <Delta
              resource={resource}
              from={request.current[resource]}
              to={request.resources[resource]}
            />
          ) : null}
        </span>
      ),
    })),
    {
      key: "phase",
      title: t("field.phase"),
      sortBy: "phase",
      cell: (request) => (
        <span className={css["marks"]}>
          <PhaseMark phase={request.phase} />
          <StageMark request={request} />
        </span>
      ),
    },
    {
      key: "due",
      title: t("field.due"),
      sortBy: "dueAt",
      cell: (request) => (
        <DueChip
          dueAt={request.stage?.dueAt}
          workdays={request.stage?.workdaysLeft}
          provisional={request.stage?.provisional}
          overdue={request.stage?.overdue}
        />
      ),
    },
    {
      key: "requester",
      title: t("field.requester"),
      cell: (request) => <Person name={request.requester} short={request.requesterShort} />,
    },
    {
      key: "createdAt",
      title: t("field.createdAt"),
      sortBy: "createdAt",
      className: css["time"],
      cell: (request) => minuteTime(request.createdAt) ?? "—",
    },
  ];
  return columns.filter((column) => column !== null);
}

/** At which of the two review stages it is, where the phase alone doesn't say it. */
export function StageMark({ request }: { request: RequestView }) {
  const words = useWords();
  const stage = request.stage?.name;
  if (request.phase !== "TechReview" || !stage || stage === request.phase) return null;
  return <Mark tone="info">{words("stage", stage)}</Mark>;
}

/** The name that people know; the one that Kubernetes knows on hover. */
export function Person({ name, short }: { name: string; short: string }) {
  return <span title={name}>{short}</span>;
}
