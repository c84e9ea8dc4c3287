import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { AllocationView, ApplicationView, Bundle } from "../../api/generated";
import { usePoolName } from "../../app/PoolName";
import { Amount, Dash, Rate } from "../../components/Amount";
import { CapacityBar } from "../../components/CapacityBar";
import { Conditions } from "../../components/Conditions";
import { DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { EmptyView } from "../../components/EmptyView";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { percent, RESOURCES, readAmount } from "../../lib/amount";
import { dateTime } from "../../lib/time";
import css from "./Application.module.css";

export function QuotaAndUse({ application }: { application: ApplicationView }) {
  const { t } = useTranslation();
  if (application.allocations.length === 0) {
    return (
      <Panel title={t("application.tab.quota")}>
        <EmptyView
          title={t("application.noQuota")}
          action={
            <Link
              to="/requests/new"
              search={{
                type: "Change",
                department: application.department,
                application: application.name,
              }}
            >
              {t("application.requestChange")}
            </Link>
          }
        />
      </Panel>
    );
  }
  return (
    <div className={css["stack"]}>
      {application.allocations.map((allocation) => (
        <Holding
          key={allocation.name}
          allocation={allocation}
          sample={application.sample || application.sampleQuota}
        />
      ))}
    </div>
  );
}

/** What the application holds in one pool. */
function Holding({ allocation, sample }: { allocation: AllocationView; sample: boolean }) {
  const { t } = useTranslation();
  const words = useWords();
  const title = t("application.inPool", { pool: usePoolName()(allocation.pool) });
  return (
    <Panel
      title={title}
      extra={
        <>
          {sample ? <Mark tone="info">{t("sample.quota")}</Mark> : null}
          <Mark tone={allocation.enforced ? "success" : "warning"}>
            {allocation.enforced ? t("state.Enforced") : t("state.Pending")}
          </Mark>
        </>
      }
      flush
    >
      <DataTable
        caption={title}
        rows={[...RESOURCES]}
        rowKey={(resource) => resource}
        columns={[
          {
            key: "resource",
            title: t("field.resource"),
            names: true,
            cell: (r) => words("resource", r),
          },
          {
            key: "granted",
            title: t("figures.quota"),
            figures: true,
            cell: (r) => <Amount resource={r} text={allocation.granted[r]} strong />,
          },
          {
            key: "held",
            title: t("figures.held"),
            figures: true,
            cell: (r) => <Amount resource={r} text={allocation.held[r]} />,
          },
          {
            key: "draining",
            title: t("figures.draining"),
            figures: true,
            cell: (r) => <Amount resource={r} text={allocation.draining[r]} />,
          },
          {
            key: "used",
            title: t("figures.used"),
            figures: true,
            cell: (r) => <Amount resource={r} text={allocation.used[r]} />,
          },
          {
            key: "rate",
            title: t("figures.utilisation"),
            figures: true,
            cell: (r) => {
              const rate = percent(
                readAmount(r, allocation.used[r]),
                readAmount(r, allocation.granted[r]),
              );
              return rate === null ? <Dash /> : <Rate value={rate} />;
            },
          },
          {
            key: "bar",
            title: t("figures.bar"),
            className: css["bar"],
            cell: (r) => (
              <CapacityBar
                slim
                resource={r}
                label={words("resource", r)}
                contract={allocation.granted[r]}
                granted={allocation.used[r] ?? "0"}
                words="use"
              />
            ),
          },
        ]}
      />
      <div className={css["facts"]}>
        <Definitions
          items={[
            {
              term: t("application.namespaces"),
              value: allocation.namespaces.map((namespace) => (
                <code key={namespace}>{namespace} </code>
              )),
            },
            {
              term: t("application.expires"),
              value: dateTime(allocation.expiresAt) ?? t("application.never"),
            },
            ...(allocation.base
              ? [{ term: t("application.returnsTo"), value: <Base base={allocation.base} /> }]
              : []),
          ]}
        />
      </div>
      <details className={css["details"]}>
        <summary>{t("conditions.title")}</summary>
        <Conditions
          caption={t("conditions.of", { name: allocation.name })}
          conditions={allocation.conditions}
        />
      </details>
    </Panel>
  );
}

/** What a temporary grant returns to at its end. */
function Base({ base }: { base: Bundle }) {
  return RESOURCES.map((resource) => (
    <span key={resource} className={css["base"]}>
      <Amount resource={resource} text={base[resource]} />
    </span>
  ));
}
