import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges, useFeedState } from "../../api/events";
import type { Invariant, Invariants } from "../../api/generated";
import {
  showInvariantsOptions,
  showVersionOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { useConnection } from "../../app/connection";
import { PoolName } from "../../app/PoolName";
import { hasRole, useSession } from "../../app/session";
import { DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import css from "./System.module.css";

/** Whether every sum is right, and what runs. */
export function SystemPage() {
  const { t } = useTranslation();
  const seesAll = hasRole(
    useSession(),
    "cloud-admin",
    "approver-admin",
    "approver-tech",
    "auditor",
  );
  const invariants = useQuery({ ...showInvariantsOptions(), enabled: seesAll });
  useChanges(["PoolLedger", "ResourcePool", "Allocation"], () => {
    if (seesAll) void invariants.refetch();
  });
  return (
    <>
      <PageHeader title={t("nav.system")} asOf={invariants.data?.asOf} />
      <div className={css["page"]}>
        <Running />
        <Panel title={t("system.invariants")} flush>
          {seesAll ? (
            <QueryView query={invariants}>{(data) => <Checks invariants={data} />}</QueryView>
          ) : (
            <p className={css["note"]}>{t("system.notForYou")}</p>
          )}
        </Panel>
      </div>
    </>
  );
}

function Running() {
  const { t } = useTranslation();
  const version = useQuery(showVersionOptions());
  const { away } = useConnection();
  const live = useFeedState();
  return (
    <Panel title={t("system.running")}>
      <QueryView query={version} lines={2}>
        {(data) => (
          <Definitions
            items={[
              {
                term: t("system.api"),
                value: (
                  <Mark tone={away ? "error" : "success"}>
                    {away ? t("system.away") : t("system.answers")}
                  </Mark>
                ),
              },
              {
                term: t("system.events"),
                value: (
                  <Mark tone={live === "live" ? "success" : "warning"}>{t(`live.${live}`)}</Mark>
                ),
              },
              { term: t("system.version"), value: <code>{data.version}</code> },
              { term: t("system.commit"), value: data.commit ? <code>{data.commit}</code> : "—" },
              {
                term: t("system.kubernetes"),
                value: data.kubernetes ? <code>{data.kubernetes}</code> : "—",
              },
            ]}
          />
        )}
      </QueryView>
    </Panel>
  );
}

function Checks({ invariants }: { invariants: Invariants }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <>
      <div className={css["verdict"]}>
        <Verdict invariants={invariants} />
      </div>
      <DataTable
        caption={t("system.invariants")}
        rows={invariants.checks}
        rowKey={(check) => `${check.name} ${check.pool ?? ""}`}
        columns={[
          {
            key: "name",
            title: t("system.check"),
            names: true,
            cell: (check) => words("invariant", check.name),
          },
          {
            key: "pool",
            title: t("field.pool"),
            cell: (check) => (check.pool ? <PoolName pool={check.pool} /> : t("system.city")),
          },
          {
            key: "holds",
            title: t("system.result"),
            cell: (check) => (
              <Mark tone={check.holds ? "success" : check.means === "Broken" ? "error" : "warning"}>
                {t(outcomeOf(check))}
              </Mark>
            ),
          },
          { key: "message", title: t("conditions.message"), cell: (check) => check.message },
        ]}
      />
    </>
  );
}

function outcomeOf(check: Invariant) {
  if (check.holds) return "system.holds";
  if (check.means === "Behind") return "system.behind";
  return check.means === "Differs" ? "system.differs" : "system.broken";
}

/** Pools must hold; that the city's own published numbers differ is worth knowing, not a fault. */
function Verdict({ invariants }: { invariants: Invariants }) {
  const { t } = useTranslation();
  if (!invariants.holds) return <Notice tone="error" title={t("system.someBroken")} />;
  if (!invariants.settled) return <Notice tone="warning" title={t("system.someBehind")} />;
  const differs = invariants.checks.some((check) => !check.holds);
  return differs ? (
    <Notice tone="warning" title={t("system.cityDiffers")} />
  ) : (
    <Notice tone="success" title={t("system.allHold")} />
  );
}
