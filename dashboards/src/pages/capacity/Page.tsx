import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { PoolView } from "../../api/generated";
import {
  listPoolsOptions,
  showOverviewOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { Conditions } from "../../components/Conditions";
import { type Definition, Definitions } from "../../components/Definitions";
import { ExportButtons } from "../../components/ExportButtons";
import { FiguresTable } from "../../components/FiguresTable";
import { Legend } from "../../components/Legend";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { PoolTroubleNotice } from "../../components/PoolTrouble";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource } from "../../lib/amount";
import { age, dateTime } from "../../lib/time";
import css from "./Capacity.module.css";

/** Contract and capacity, provider by provider. */
export function CapacityPage() {
  const { t } = useTranslation();
  const overview = useQuery(showOverviewOptions());
  const pools = useQuery(listPoolsOptions());
  useChanges(["ResourcePool", "PoolLedger", "QuotaRequest"], () => {
    void overview.refetch();
    void pools.refetch();
  });
  return (
    <>
      <PageHeader
        title={t("nav.capacity")}
        asOf={pools.data?.asOf}
        actions={<ExportButtons list="pools" />}
      />
      <div className={css["page"]}>
        <Panel title={t("capacity.city")} extra={<Legend />} flush>
          <QueryView query={overview} lines={4}>
            {(data) =>
              data.totals.figures ? (
                <FiguresTable caption={t("capacity.city")} figures={data.totals.figures} />
              ) : null
            }
          </QueryView>
        </Panel>
        <QueryView query={pools}>
          {(data) => data.items.map((pool) => <Pool key={pool.name} pool={pool} />)}
        </QueryView>
      </div>
    </>
  );
}

function Pool({ pool }: { pool: PoolView }) {
  const { t } = useTranslation();
  const words = useWords();
  const { contract } = pool;
  const facts: Definition[] = [
    {
      term: t("capacity.contractText"),
      value: <q className={css["verbatim"]}>{contract.text}</q>,
    },
    { term: t("capacity.contractId"), value: <code>{contract.id}</code> },
    {
      term: t("capacity.term"),
      value: t("capacity.fromTo", { start: contract.start, end: contract.end }),
    },
    {
      term: t("capacity.provider"),
      value: `${pool.provider.name} (${pool.provider.code})`,
    },
    {
      term: t("capacity.grantable"),
      value: RESOURCES.map(
        (resource) => `${words("resource", resource)} ${pool.grantablePercent[resource]}%`,
      ).join(" / "),
    },
    { term: t("capacity.allocations"), value: pool.allocations?.toLocaleString("en-US") ?? "—" },
    {
      term: t("capacity.reading"),
      value: contract.binaryUnits ? t("capacity.readingBinary") : t("capacity.readingDecimal"),
    },
    { term: t("capacity.revision"), value: <code>{pool.revision}</code> },
  ];
  return (
    <Panel
      title={
        <span className={css["title"]}>
          {pool.displayName}
          {pool.sample ? <Mark tone="info">{t("sample.split")}</Mark> : null}
        </span>
      }
      flush
    >
      <div className={css["facts"]}>
        <PoolTroubleNotice pool={pool} />
        {contract.binaryUnits ? (
          <Notice tone="warning" title={t("capacity.binaryWarning")} />
        ) : null}
        <Definitions items={facts} />
      </div>
      {pool.figures ? (
        <FiguresTable
          caption={pool.displayName}
          figures={pool.figures}
          physicalNote={(resource) => <PhysicalNote pool={pool} resource={resource} />}
        />
      ) : null}
      <details className={css["conditions"]}>
        <summary>{t("conditions.title")}</summary>
        <Conditions
          caption={t("conditions.of", { name: pool.displayName })}
          conditions={pool.conditions}
        />
      </details>
    </Panel>
  );
}

/** How the physical figure is known: seen on the nodes some time ago, or the provider's statement. */
function PhysicalNote({ pool, resource }: { pool: PoolView; resource: Resource }) {
  const { t } = useTranslation();
  if (pool.physicalDeclared[resource] != null) return <>{t("capacity.declared")}</>;
  const old = age(pool.physicalObservedAt, new Date());
  return (
    <span title={dateTime(pool.physicalObservedAt) ?? undefined}>
      {old ? t(`age.${old.unit}`, { count: old.count }) : null}
      {pool.physicalSimulated ? ` · ${t("capacity.simulated")}` : ""}
    </span>
  );
}
