import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Figures, PoolView } from "../../api/generated";
import { Amount, Rate } from "../../components/Amount";
import { CapacityBar } from "../../components/CapacityBar";
import { type Column, DataTable } from "../../components/DataTable";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { PoolTroubleMark } from "../../components/PoolTrouble";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource } from "../../lib/amount";
import css from "./PoolSplit.module.css";

/** The same three resources, provider by provider. */
export function PoolSplit({ pools }: { pools: PoolView[] }) {
  const { t } = useTranslation();
  const words = useWords();
  const columns: Column<PoolView>[] = [
    {
      key: "pool",
      title: t("field.pool"),
      names: true,
      cell: (pool) => (
        <span className={css["name"]}>
          {pool.displayName}
          {pool.sample ? <Mark tone="info">{t("sample.split")}</Mark> : null}
          <PoolTroubleMark pool={pool} />
        </span>
      ),
    },
    ...RESOURCES.map((resource) => ({
      key: resource,
      title: words("resource", resource),
      cell: (pool: PoolView) =>
        pool.figures ? (
          <ShareOfPool
            resource={resource}
            figures={pool.figures}
            label={`${pool.displayName} ${words("resource", resource)}`}
          />
        ) : (
          <Amount resource={resource} text={pool.free[resource]} />
        ),
    })),
    {
      key: "binds",
      title: t("figures.binding"),
      cell: (pool) => words("resource", pool.bindingResource),
    },
    {
      key: "allocations",
      title: t("figures.applications"),
      figures: true,
      cell: (pool) => pool.allocations?.toLocaleString("en-US") ?? "—",
    },
  ];
  return (
    <Panel
      title={t("overview.providers")}
      extra={<Link to="/capacity">{t("overview.toCapacity")}</Link>}
      flush
    >
      <DataTable
        caption={t("overview.providers")}
        columns={columns}
        rows={pools}
        rowKey={(pool) => pool.name}
      />
    </Panel>
  );
}

interface ShareOfPoolProps {
  resource: Resource;
  figures: Figures;
  label: string;
}

function ShareOfPool({ resource, figures, label }: ShareOfPoolProps) {
  return (
    <div className={css["cell"]}>
      <CapacityBar
        slim
        resource={resource}
        label={label}
        contract={figures.contract[resource]}
        granted={figures.granted[resource]}
        draining={figures.draining[resource]}
        held={figures.held[resource]}
        requested={figures.requested[resource]}
        used={figures.used[resource]}
      />
      <span className={css["figures"]}>
        <span>
          <Amount resource={resource} text={figures.allocated[resource]} /> /{" "}
          <Amount resource={resource} text={figures.contract[resource]} />
        </span>
        <Rate value={figures.rates.allocation[resource]} />
      </span>
    </div>
  );
}
