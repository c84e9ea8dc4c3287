import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { Overview } from "../../api/generated";
import { showOverviewOptions } from "../../api/generated/@tanstack/react-query.gen";
import { useThresholds } from "../../app/policy";
import { Mark } from "../../components/Mark";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { ResourceCard } from "../../components/ResourceCard";
import { ShareTable } from "../../components/ShareTable";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import { Bottleneck } from "./Bottleneck";
import { DepartmentShares } from "./DepartmentShares";
import css from "./Overview.module.css";
import { PoolSplit } from "./PoolSplit";

export function CityOverview() {
  const { t } = useTranslation();
  const query = useQuery(showOverviewOptions());
  useChanges(["ResourcePool", "PoolLedger", "QuotaRequest", "Application", "Department"], () => {
    void query.refetch();
  });
  const sample = query.data?.pools.some((pool) => pool.sample) ?? false;
  return (
    <>
      <PageHeader
        title={t("nav.overview")}
        asOf={query.data?.asOf}
        tags={sample ? <Mark tone="info">{t("sample.split")}</Mark> : null}
      />
      <QueryView query={query} lines={12}>
        {(overview) => <Body overview={overview} />}
      </QueryView>
    </>
  );
}

function Body({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const words = useWords();
  const thresholds = useThresholds();
  const { figures } = overview.totals;
  return (
    <div className={css["page"]}>
      <Bottleneck overview={overview} />
      <div className={css["cards"]}>
        {figures
          ? RESOURCES.map((resource) => (
              <ResourceCard
                key={resource}
                resource={resource}
                figures={figures}
                binding={overview.bindingResource === resource}
                thresholds={thresholds}
              />
            ))
          : null}
      </div>
      <div className={css["pair"]}>
        <ToDo counts={overview.requests} />
        <Panel title={t("overview.tiers")} flush>
          <ShareTable
            caption={t("overview.tiers")}
            nameTitle={t("field.tier")}
            rows={overview.byTier.map((tier) => ({
              key: tier.tier,
              name: (
                <Link to="/applications" search={{ tier: tier.tier }}>
                  {words("tier", tier.tier)}
                </Link>
              ),
              applications: tier.applications,
              granted: tier.granted,
            }))}
          />
        </Panel>
      </div>
      <PoolSplit pools={overview.pools} />
      <DepartmentShares shares={overview.byDepartment} />
    </div>
  );
}

function ToDo({ counts }: { counts: Overview["requests"] }) {
  const { t } = useTranslation();
  const items = [
    { label: t("overview.toDecide"), count: counts.toDecide, search: { tab: "waiting" } },
    { label: t("overview.open"), count: counts.open, search: { tab: "open" } },
    {
      label: t("overview.provisioning"),
      count: counts.provisioning,
      search: { tab: "open", phase: "Provisioning" },
    },
  ];
  return (
    <Panel title={t("overview.toDo")} className={css["toDo"]}>
      <ul className={css["counters"]}>
        {items.map((item) => (
          <li key={item.label}>
            <Link to="/requests" search={item.search} className={css["counter"]}>
              <span className={css["count"]}>{item.count.toLocaleString("en-US")}</span>
              <span>{item.label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
