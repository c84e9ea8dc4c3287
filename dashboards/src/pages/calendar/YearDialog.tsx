import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Failure, toFailure } from "../../api/failure";
import type { CalendarView } from "../../api/generated";
import { setCalendarMutation } from "../../api/generated/@tanstack/react-query.gen";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Dialog } from "../../components/Dialog";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { Notice } from "../../components/Notice";
import { readDays, writeDays } from "../../lib/days";

interface YearDialogProps {
  calendar: CalendarView;
  onClose: () => void;
  onDone: () => void;
}

/** A year as its notice has it: days off, weekends that are worked, and the notice itself. */
export function YearDialog({ calendar, onClose, onDone }: YearDialogProps) {
  const { t } = useTranslation();
  const away = useWriteBlock();
  const queries = useQueryClient();
  const [holidays, setHolidays] = useState(() => writeDays(calendar.holidays));
  const [makeup, setMakeup] = useState(() => writeDays(calendar.makeupWorkdays));
  const [source, setSource] = useState(calendar.sourceDocument);
  const [published, setPublished] = useState(calendar.published || calendar.version === "0");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    ...setCalendarMutation(),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries(),
  });
  const sent = save.variables?.body;
  const failure = save.error ? toFailure(save.error) : null;
  const send = () => {
    setTried(true);
    if (away || source.trim() === "") return;
    save.mutate({
      path: { year: calendar.year },
      headers: { "If-Match": `"${calendar.version}"` },
      body: {
        holidays: readDays(holidays).sort(),
        makeupWorkdays: readDays(makeup).sort(),
        sourceDocument: source.trim(),
        published,
      },
    });
  };
  return (
    <Dialog
      title={t("calendar.editYear", { year: calendar.year })}
      onClose={onClose}
      onSubmit={send}
      actions={
        <>
          <Button onClick={onClose}>{t("decision.back")}</Button>
          <ActionButton type="primary" htmlType="submit" blocked={away} loading={save.isPending}>
            {t("policy.save")}
          </ActionButton>
        </>
      }
    >
      <Notice tone="info" title={t("calendar.editMeans")} />
      <Field
        label={t("calendar.holiday")}
        hint={t("calendar.daysHint", {
          example: `${calendar.year}-10-01~${calendar.year}-10-07`,
          count: readDays(holidays).length,
        })}
        required={published}
        error={faultOfDays(failure, "holidays", sent?.holidays)}
      >
        {(control) => (
          <Input.TextArea
            {...control}
            rows={6}
            value={holidays}
            spellCheck={false}
            onChange={(event) => setHolidays(event.target.value)}
          />
        )}
      </Field>
      <Field
        label={t("calendar.makeup")}
        hint={t("calendar.daysHint", {
          example: `${calendar.year}-10-10`,
          count: readDays(makeup).length,
        })}
        error={faultOfDays(failure, "makeupWorkdays", sent?.makeupWorkdays)}
      >
        {(control) => (
          <Input.TextArea
            {...control}
            rows={4}
            value={makeup}
            spellCheck={false}
            onChange={(event) => setMakeup(event.target.value)}
          />
        )}
      </Field>
      <Field
        label={t("calendar.source")}
        hint={t("calendar.sourceHint")}
        required
        error={
          tried && source.trim() === ""
            ? t("fault.missing")
            : (failure?.fieldMessage("sourceDocument") ?? null)
        }
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
      <Field label={t("calendar.state")} hint={t("calendar.stateHint")} required>
        {(control) => (
          <NativeSelect
            {...control}
            value={published ? "yes" : "no"}
            onChange={(answer) => setPublished(answer === "yes")}
            options={[
              { value: "yes", label: t("calendar.published") },
              { value: "no", label: t("calendar.draft") },
            ]}
          />
        )}
      </Field>
      {save.error ? <ErrorView error={save.error} /> : null}
    </Dialog>
  );
}

/** What the API says of a list's days, each by the day itself instead of its place. */
export function faultOfDays(
  failure: Failure | null,
  field: string,
  sent: readonly string[] | undefined,
): string | null {
  const errors = (failure?.problem?.errors ?? []).filter(
    (error) => error.field === field || error.field.startsWith(`${field}[`),
  );
  if (errors.length === 0) return null;
  return errors
    .map(({ field: at, message }) => {
      const index = /\[(\d+)\]$/.exec(at)?.[1];
      const day = index === undefined ? undefined : sent?.[Number(index)];
      return day ? message.replace(at, day) : message;
    })
    .join(" ");
}
