import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { ApplicationView, RequestView } from "../../api/generated";
import { listDraftsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { DueChip } from "../../components/DueChip";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { PhaseMark } from "../../components/PhaseMark";
import { day } from "../../lib/time";
import { DraftLink } from "../new-request/KeptMark";
import { endingSoon } from "./ending";
import css from "./Portal.module.css";

interface WaitingProps {
  requests: RequestView[];
  /** More wait than are shown. */
  total: number;
  applications: ApplicationView[];
}

/** What waits for an answer of one's own, the most urgent first: offers and returns, ends, drafts. */
export function Waiting({ requests, total, applications }: WaitingProps) {
  const { t } = useTranslation();
  const drafts = useQuery({ ...listDraftsOptions(), retry: false });
  const kept = (drafts.data?.items ?? []).filter((draft) => draft.id.startsWith("new-"));
  const ending = endingSoon(applications, new Date());
  const nothing = requests.length + ending.length + kept.length === 0;
  return (
    <Panel
      title={t("portal.waiting")}
      extra={
        total > requests.length ? (
          <Link to="/requests" search={{ tab: "waiting" }}>
            {t("portal.allWaiting", { count: total })}
          </Link>
        ) : null
      }
    >
      {nothing ? <p className={css["note"]}>{t("portal.nothingWaits")}</p> : null}
      <ul className={css["waiting"]}>
        {requests.map((request) => (
          <Item
            key={`${request.department}/${request.name}`}
            mark={<PhaseMark phase={request.phase} />}
            due={
              request.stage?.dueAt ? (
                <DueChip
                  dueAt={request.stage.dueAt}
                  workdays={request.stage.workdaysLeft}
                  provisional={request.stage.provisional}
                  overdue={request.stage.overdue}
                />
              ) : null
            }
          >
            <Link
              to="/requests/$department/$name"
              params={{ department: request.department, name: request.name }}
            >
              {request.number ?? request.name} · {request.applicationName || request.application}
            </Link>
            <span>{t(askOf(request))}</span>
          </Item>
        ))}
        {ending.map(({ application, allocation }) => (
          <Item
            key={`${application.name} ${allocation.name}`}
            mark={<Mark tone="warning">{t("portal.ends")}</Mark>}
            due={<DueChip dueAt={allocation.expiresAt} />}
          >
            <Link
              to="/applications/$department/$name"
              params={{ department: application.department, name: application.name }}
            >
              {application.displayName}
            </Link>
            <span>{t("portal.endsOn", { date: day(allocation.expiresAt) ?? "—" })}</span>
            <Link
              to="/requests/new"
              search={{
                type: "Renew",
                department: application.department,
                application: application.name,
                pool: allocation.pool,
              }}
            >
              {t("portal.renew")}
            </Link>
          </Item>
        ))}
        {kept.map((draft) => (
          <Item key={draft.id} mark={<Mark>{t("phase.Draft")}</Mark>} due={null}>
            <DraftLink draft={draft} />
          </Item>
        ))}
      </ul>
    </Panel>
  );
}

function Item({ mark, due, children }: { mark: ReactNode; due: ReactNode; children: ReactNode }) {
  return (
    <li>
      {mark}
      <span className={css["words"]}>{children}</span>
      {due}
    </li>
  );
}

function askOf(request: RequestView) {
  if (request.phase === "Returned") return "portal.ask.Returned";
  return request.phase === "Offered" ? "portal.ask.Offered" : "portal.ask.other";
}
