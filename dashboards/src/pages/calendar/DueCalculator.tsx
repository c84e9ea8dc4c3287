import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { showDueOptions } from "../../api/generated/@tanstack/react-query.gen";
import { useDebounced } from "../../app/useDebounced";
import { DueDate } from "../../components/DueDate";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { Panel } from "../../components/Panel";
import css from "./Calendar.module.css";

const TYPING_PAUSE_MS = 300;

/** When so many working days from then on are over, by the same code as every deadline. */
export function DueCalculator({ today }: { today: string }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState(`${today}T10:00`);
  const [workdays, setWorkdays] = useState("3");
  const asked = useDebounced(`${from} ${workdays}`, TYPING_PAUSE_MS).split(" ");
  const [restedFrom = "", restedDays = ""] = asked;
  const ready = restedFrom !== "" && /^\d{1,4}$/.test(restedDays);
  const query = useQuery({
    ...showDueOptions({ query: { from: restedFrom, workdays: Number(restedDays) } }),
    enabled: ready,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <Panel title={t("calendar.due.title")}>
      <div className={css["due"]}>
        <Field label={t("calendar.due.from")}>
          {(control) => (
            <input
              {...control}
              type="datetime-local"
              className={css["date"]}
              value={from}
              onChange={(event) => setFrom(event.target.value)}
            />
          )}
        </Field>
        <Field
          label={t("glossary.workingDay")}
          error={/^\d{1,4}$/.test(workdays.trim()) ? null : t("calendar.due.number")}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              value={workdays}
              maxLength={4}
              onChange={(event) => setWorkdays(event.target.value.trim())}
            />
          )}
        </Field>
      </div>
      <div aria-live="polite" className={css["answer"]}>
        {ready && query.error ? <ErrorView error={query.error} /> : null}
        {ready && query.data && !query.error ? <DueDate due={query.data} /> : null}
      </div>
    </Panel>
  );
}
