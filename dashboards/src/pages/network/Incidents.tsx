import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { IncidentView } from "../../api/generated";
import { listIncidentsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { Acknowledge } from "./Acknowledge";
import css from "./Network.module.css";

/** Incidents on one screen; the API has all of them. */
const SHOWN = 20;

/** What broke, the newest first: one line for one cause, whatever it took along. */
export function Incidents({ link }: { link?: string | undefined }) {
  const { t } = useTranslation();
  const query = useQuery(listIncidentsOptions({ query: { limit: SHOWN, link } }));
  useChanges(["LinkIncident"], () => void query.refetch());
  const [done, setDone] = useState<string | null>(null);
  const columns = useColumns(setDone);
  return (
    <Panel title={t("network.incidents")} flush>
      <div aria-live="polite">
        {done ? (
          <Notice tone="success" title={t("network.acknowledgeDone", { name: done })} />
        ) : null}
      </div>
      <QueryView query={query} lines={3}>
        {(data) => (
          <>
            <DataTable
              caption={t("network.incidents")}
              rows={data.items}
              rowKey={(incident) => incident.name}
              columns={columns}
              empty={<EmptyView title={t("network.noIncidents")} />}
            />
            {data.total > data.items.length ? (
              <p className={css["note"]}>
                {t("table.someOf", { shown: data.items.length, total: data.total })}
              </p>
            ) : null}
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function useColumns(onDone: (root: string) => void): Column<IncidentView>[] {
  const { t } = useTranslation();
  const words = useWords();
  return [
    {
      key: "root",
      title: t("network.root"),
      names: true,
      cell: (incident) => (
        <span className={css["what"]}>
          <Link to="/network" search={{ at: incident.root }}>
            {incident.rootName ?? t("network.core")}
          </Link>
          <small>{words("incidentCause", incident.cause)}</small>
        </span>
      ),
    },
    {
      key: "state",
      title: t("field.state"),
      cell: (incident) => (
        <Mark tone={incident.open ? "error" : "success"}>
          {t(incident.open ? "network.open" : "network.over")}
        </Mark>
      ),
    },
    {
      key: "affected",
      title: t("network.affected"),
      cell: ({ affected }) => (
        <span className={css["what"]}>
          {affected.total.toLocaleString("en-US")}
          <small>
            {(["interconnect", "provider", "county", "township", "village"] as const)
              .filter((level) => affected[level] > 0)
              .map((level) => `${t(`network.short.${level}`)} ${affected[level]}`)
              .join(" · ")}
          </small>
        </span>
      ),
    },
    {
      key: "started",
      title: t("network.started"),
      className: css["time"],
      cell: (incident) => dateTime(incident.startedAt),
    },
    {
      key: "ended",
      title: t("network.ended"),
      className: css["time"],
      cell: (incident) => dateTime(incident.endedAt) ?? "—",
    },
    {
      key: "acknowledged",
      title: t("network.acknowledged"),
      cell: (incident) => (
        <span className={css["what"]}>
          {incident.acknowledgedByShort || "—"}
          {incident.note ? <small>{incident.note}</small> : null}
          <Acknowledge
            incident={incident}
            root={incident.rootName ?? t("network.core")}
            onDone={() => onDone(incident.rootName ?? t("network.core"))}
          />
        </span>
      ),
    },
  ];
}
