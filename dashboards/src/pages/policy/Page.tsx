import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { Policy, ProcessValueView } from "../../api/generated";
import { showPolicyOptions } from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession } from "../../app/session";
import { DataTable } from "../../components/DataTable";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { GROUPS, groupOf } from "./groups";
import css from "./Policy.module.css";
import { usePolicyName, useValueText } from "./text";
import { ValueDialog } from "./ValueDialog";

/** The city's own rules: what counts, where it comes from, since when, and what was before. */
export function PolicyPage() {
  const { t } = useTranslation();
  const query = useQuery(showPolicyOptions());
  useChanges(["CloudPolicy"], () => void query.refetch());
  const [open, setOpen] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const shown = query.data?.process.find((value) => value.key === open);
  return (
    <>
      <PageHeader title={t("nav.policy")} />
      <QueryView query={query} lines={12}>
        {(policy) => (
          <div className={css["page"]}>
            <p className={css["note"]}>{t("policy.note")}</p>
            <div aria-live="polite">{done ? <Notice tone="success" title={done} /> : null}</div>
            {GROUPS.map((group) => {
              const values = policy.process.filter((value) => groupOf(value.key) === group);
              if (values.length === 0) return null;
              return (
                <Panel key={group} title={t(`policy.group.${group}`)} flush>
                  <Values title={t(`policy.group.${group}`)} values={values} onOpen={setOpen} />
                </Panel>
              );
            })}
            <Panel title={t("system.policy")} extra={t("system.policyNote")} flush>
              <Thresholds values={policy.values} />
            </Panel>
            {shown ? (
              <ValueDialog
                key={shown.key}
                value={shown}
                version={policy.version}
                onClose={() => setOpen(null)}
                onDone={(said) => {
                  setOpen(null);
                  setDone(said);
                }}
              />
            ) : null}
          </div>
        )}
      </QueryView>
    </>
  );
}

interface ValuesProps {
  title: string;
  values: ProcessValueView[];
  onOpen: (key: string) => void;
}

function Values({ title, values, onOpen }: ValuesProps) {
  const { t } = useTranslation();
  const nameOf = usePolicyName();
  const textOf = useValueText();
  const admin = hasRole(useSession(), "cloud-admin");
  return (
    <DataTable
      caption={title}
      rows={values}
      rowKey={(value) => value.key}
      columns={[
        {
          key: "name",
          title: t("system.key"),
          names: true,
          cell: (value) => (
            <span className={css["name"]}>
              {nameOf(value.key)}
              <code>{value.key}</code>
            </span>
          ),
        },
        {
          key: "value",
          title: t("facts.value"),
          className: css["value"],
          cell: (value) => <strong>{textOf(value.form, value.value)}</strong>,
        },
        {
          key: "default",
          title: t("policy.default"),
          cell: (value) => textOf(value.form, value.default),
        },
        {
          key: "source",
          title: t("facts.source"),
          className: css["source"],
          cell: (value) => value.source,
        },
        {
          key: "from",
          title: t("system.effectiveFrom"),
          cell: (value) => (
            <span className={css["marks"]}>
              {value.effectiveFrom ?? <Mark>{t("policy.asShipped")}</Mark>}
              {coming(value).map((change) => (
                <Mark key={change.effectiveFrom} tone="info">
                  {t("policy.comingFrom", {
                    value: textOf(value.form, change.value),
                    date: change.effectiveFrom,
                  })}
                </Mark>
              ))}
            </span>
          ),
        },
        {
          key: "change",
          title: t("policy.act"),
          cell: (value) => (
            <Button
              size="small"
              aria-label={t(admin ? "policy.changeOf" : "policy.historyOf", {
                name: nameOf(value.key),
              })}
              onClick={() => onOpen(value.key)}
            >
              {t(admin ? "policy.change" : "policy.history")}
            </Button>
          ),
        },
      ]}
    />
  );
}

function coming(value: ProcessValueView) {
  return value.history.filter((change) => change.standing === "Coming").reverse();
}

function Thresholds({ values }: { values: Policy["values"] }) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t("system.policy")}
      rows={values}
      rowKey={(value) => value.key}
      empty={t("policy.noThresholds")}
      columns={[
        {
          key: "key",
          title: t("system.key"),
          names: true,
          cell: (value) => <code>{value.key}</code>,
        },
        {
          key: "value",
          title: t("facts.value"),
          figures: true,
          cell: (value) =>
            value.unit === "percent" ? `${value.value} %` : `${value.value} ${value.unit}`,
        },
        {
          key: "source",
          title: t("facts.source"),
          className: css["source"],
          cell: (value) => value.source,
        },
        { key: "from", title: t("system.effectiveFrom"), cell: (value) => value.effectiveFrom },
      ]}
    />
  );
}
