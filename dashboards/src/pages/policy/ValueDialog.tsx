import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type { ProcessChange, ProcessValueView } from "../../api/generated";
import { setProcessValueMutation } from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { Dialog } from "../../components/Dialog";
import { ErrorView } from "../../components/ErrorView";
import { type ControlProps, Field } from "../../components/Field";
import { Mark } from "../../components/Mark";
import { NativeSelect } from "../../components/NativeSelect";
import { day } from "../../lib/time";
import css from "./Policy.module.css";
import { usePolicyName, useValueText } from "./text";

interface ValueDialogProps {
  value: ProcessValueView;
  version: string;
  onClose: () => void;
  onDone: (said: string) => void;
}

/** One value: what it was and is, and for the cloud admin what it shall be and from when on. */
export function ValueDialog({ value, version, onClose, onDone }: ValueDialogProps) {
  const { t } = useTranslation();
  const nameOf = usePolicyName();
  const textOf = useValueText();
  const admin = hasRole(useSession(), "cloud-admin");
  const away = useWriteBlock();
  const queries = useQueryClient();
  const today = day(new Date().toISOString()) ?? "";
  const [text, setText] = useState(value.value);
  const [source, setSource] = useState("");
  const [from, setFrom] = useState(today);
  const [tried, setTried] = useState(false);
  const save = useMutation({
    ...setProcessValueMutation(),
    onSuccess: () => {
      onDone(t("policy.done", { name: nameOf(value.key), date: from }));
    },
    // Also after a refusal: somebody else may have changed it, and what is typed stays.
    onSettled: () => queries.invalidateQueries(),
  });
  const failure = save.error ? toFailure(save.error) : null;
  const missing = (typed: string) => (tried && typed.trim() === "" ? t("fault.missing") : null);
  const errorOf = (field: string, typed: string) =>
    missing(typed) ?? failure?.fieldMessage(field) ?? null;
  const blocked = away ?? (admin ? null : t("policy.onlyAdmins"));
  const send = () => {
    setTried(true);
    if (blocked || [text, source, from].some((typed) => typed.trim() === "")) return;
    save.mutate({
      path: { key: value.key },
      headers: { "If-Match": `"${version}"` },
      body: { value: text.trim(), source: source.trim(), effectiveFrom: from },
    });
  };
  return (
    <Dialog
      title={nameOf(value.key)}
      onClose={onClose}
      onSubmit={send}
      actions={
        <>
          <Button onClick={onClose}>{t("decision.back")}</Button>
          <ActionButton type="primary" htmlType="submit" blocked={blocked} loading={save.isPending}>
            {t("policy.save")}
          </ActionButton>
        </>
      }
    >
      <Definitions
        items={[
          { term: t("policy.now"), value: textOf(value.form, value.value) },
          { term: t("policy.default"), value: textOf(value.form, value.default) },
          { term: t("facts.source"), value: value.source, wide: true },
        ]}
      />
      {admin ? (
        <>
          <Field
            label={t("policy.newValue")}
            required
            hint={<Hint value={value} />}
            error={errorOf("value", text)}
          >
            {(control) => (
              <ValueInput control={control} form={value.form} text={text} onChange={setText} />
            )}
          </Field>
          <Field
            label={t("policy.basis")}
            hint={t("policy.basisHint")}
            required
            error={errorOf("source", source)}
          >
            {(control) => (
              <Input
                {...control}
                value={source}
                maxLength={300}
                onChange={(event) => setSource(event.target.value)}
              />
            )}
          </Field>
          <Field
            label={t("system.effectiveFrom")}
            hint={t("policy.fromHint")}
            required
            error={errorOf("effectiveFrom", from)}
          >
            {(control) => (
              <input
                {...control}
                type="date"
                min={today}
                className={css["date"]}
                value={from}
                onChange={(event) => setFrom(event.target.value)}
              />
            )}
          </Field>
        </>
      ) : null}
      <History form={value.form} changes={value.history} />
      {save.error ? <ErrorView error={save.error} /> : null}
    </Dialog>
  );
}

function Hint({ value }: { value: ProcessValueView }) {
  const { t } = useTranslation();
  if (value.min !== null && value.max !== null) {
    return <>{t("policy.bounds", { min: value.min, max: value.max })}</>;
  }
  switch (value.form) {
    case "Cutoff":
      return <>{t("policy.cutoffHint")}</>;
    case "ListOfDays":
      return <>{t("policy.listHint")}</>;
    case "Memory":
    case "Storage":
      return <>{t("policy.amountHint")}</>;
    default:
      return null;
  }
}

/** Forms of which one value of a few is chosen. */
const CHOICES: Partial<Record<ProcessValueView["form"], readonly string[]>> = {
  Switch: ["on", "off"],
  Path: ["staged", "direct"],
  Evidence: ["measured", "charged"],
};

interface ValueInputProps {
  control: ControlProps;
  form: ProcessValueView["form"];
  text: string;
  onChange: (text: string) => void;
}

function ValueInput({ control, form, text, onChange }: ValueInputProps) {
  const { t } = useTranslation();
  const textOf = useValueText();
  const choices = CHOICES[form];
  if (choices) {
    return (
      <NativeSelect
        {...control}
        value={text}
        onChange={onChange}
        options={choices.map((choice) => ({ value: choice, label: textOf(form, choice) }))}
      />
    );
  }
  const unit = {
    Workdays: t("glossary.workingDay"),
    Days: t("glossary.calendarDay"),
    Seconds: t("policy.unitSeconds"),
    Times: t("policy.unitTimes"),
    Percent: "%",
    Cpu: t("unit.cores"),
  }[form as string];
  return (
    <Input
      {...control}
      value={text}
      maxLength={60}
      autoComplete="off"
      {...(unit ? { suffix: unit, inputMode: "numeric" as const } : {})}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

const TONES = { Coming: "info", InForce: "success", Past: "neutral", Unreadable: "error" } as const;

function History({ form, changes }: { form: ProcessValueView["form"]; changes: ProcessChange[] }) {
  const { t } = useTranslation();
  const textOf = useValueText();
  if (changes.length === 0) return <p className={css["note"]}>{t("policy.never")}</p>;
  return (
    <DataTable
      caption={t("policy.history")}
      rows={changes}
      rowKey={(change) => change.effectiveFrom}
      columns={[
        {
          key: "from",
          title: t("system.effectiveFrom"),
          names: true,
          cell: (change) => change.effectiveFrom,
        },
        {
          key: "value",
          title: t("facts.value"),
          cell: (change) => (
            <span className={css["marks"]}>
              {textOf(form, change.value)}
              <Mark tone={TONES[change.standing]}>{t(`policy.standing.${change.standing}`)}</Mark>
            </span>
          ),
        },
        {
          key: "source",
          title: t("facts.source"),
          className: css["source"],
          cell: (change) => change.source,
        },
        {
          key: "by",
          title: t("policy.changedBy"),
          cell: (change) => (
            <span title={change.changedBy ?? undefined}>
              {change.changedByShort ?? t("policy.asShipped")}
            </span>
          ),
        },
      ]}
    />
  );
}
