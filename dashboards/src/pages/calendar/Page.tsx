import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { CalendarView } from "../../api/generated";
import {
  showCalendarsOptions,
  showCalendarOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Definitions } from "../../components/Definitions";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SelectField } from "../../components/SelectField";
import { day } from "../../lib/time";
import css from "./Calendar.module.css";
import { DueCalculator } from "./DueCalculator";
import { Month } from "./Month";
import { YearDialog } from "./YearDialog";

const route = getRouteApi("/signed-in/calendar");

/** Which days of a year are worked, by which notice; and when a deadline ends. */
export function CalendarPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const today = day(new Date().toISOString()) ?? "";
  const year = /^2[01]\d\d$/.test(search.year ?? "")
    ? Number(search.year)
    : Number(today.slice(0, 4));
  const years = useQuery(showCalendarsOptions());
  const query = useQuery({
    ...showCalendarOptions({ path: { year } }),
    placeholderData: keepPreviousData,
  });
  useChanges(["WorkCalendar"], () => {
    void years.refetch();
    void query.refetch();
  });
  const [editing, setEditing] = useState(false);
  const [done, setDone] = useState(false);
  const admin = hasRole(useSession(), "cloud-admin");
  const away = useWriteBlock();
  const listed = new Set([...(years.data?.items ?? []).map((item) => item.year), year]);
  return (
    <>
      <PageHeader
        title={t("nav.calendar")}
        tags={
          query.data ? (
            <Mark tone={query.data.published ? "success" : "warning"}>
              {t(query.data.published ? "calendar.published" : "due.provisional")}
            </Mark>
          ) : null
        }
        actions={
          <>
            <SelectField
              label={t("calendar.year")}
              value={String(year)}
              onChange={(to) => {
                setDone(false);
                void navigate({ search: { year: to } });
              }}
              options={[...listed]
                .sort((a, b) => a - b)
                .map((one) => ({ value: String(one), label: t("calendar.yearOf", { year: one }) }))}
            />
            <ActionButton
              blocked={away ?? (admin ? null : t("calendar.onlyAdmins"))}
              onClick={() => setEditing(true)}
            >
              {t("calendar.edit")}
            </ActionButton>
          </>
        }
      />
      <QueryView query={query} lines={12}>
        {(calendar) => (
          <div className={css["page"]} aria-busy={query.isPlaceholderData}>
            <div aria-live="polite">
              {done ? <Notice tone="success" title={t("calendar.done", { year })} /> : null}
            </div>
            <Standing calendar={calendar} />
            <Panel title={t("calendar.months", { year: calendar.year })} extra={<Legend />}>
              <div className={css["months"]}>
                {calendar.months.map((month) => (
                  <Month key={month.month} calendar={calendar} month={month} today={today} />
                ))}
              </div>
            </Panel>
            <div className={css["pair"]}>
              <Panel title={t("calendar.notes")}>
                {calendar.notes.length === 0 ? (
                  <p className={css["soft"]}>{t("calendar.noNotes")}</p>
                ) : (
                  <ul className={css["notes"]}>
                    {calendar.notes.map((note) => (
                      <li key={`${note.kind} ${note.date}`}>{note.text}</li>
                    ))}
                  </ul>
                )}
              </Panel>
              <DueCalculator today={today} />
            </div>
            {editing ? (
              <YearDialog
                key={calendar.year}
                calendar={calendar}
                onClose={() => setEditing(false)}
                onDone={() => {
                  setEditing(false);
                  setDone(true);
                }}
              />
            ) : null}
          </div>
        )}
      </QueryView>
    </>
  );
}

function Standing({ calendar }: { calendar: CalendarView }) {
  const { t } = useTranslation();
  return (
    <>
      {calendar.flaws.length > 0 ? (
        <Notice tone="error" title={t("calendar.unused", { name: `y${calendar.year}` })}>
          {calendar.flaws.map((flaw) => (
            <p key={flaw}>{flaw}</p>
          ))}
        </Notice>
      ) : null}
      {calendar.published ? null : (
        <Notice tone="warning" title={t("calendar.unpublished", { year: calendar.year })}>
          <p>{t("calendar.unpublishedMeans")}</p>
        </Notice>
      )}
      <Panel title={t("calendar.about")}>
        <Definitions
          items={[
            {
              term: t("calendar.workdays"),
              value: <strong>{t("policy.workdays", { count: calendar.workdays })}</strong>,
            },
            { term: t("calendar.origin"), value: t(`calendar.from.${calendar.origin}`) },
            { term: t("calendar.source"), value: calendar.sourceDocument || "—", wide: true },
          ]}
        />
      </Panel>
    </>
  );
}

function Legend() {
  const { t } = useTranslation();
  return (
    <span className={css["legend"]}>
      <span>
        <b className={css["off"]}>{t("calendar.offMark")}</b> {t("calendar.holiday")}
      </span>
      <span>
        <b className={css["worked"]}>{t("calendar.workedMark")}</b> {t("calendar.makeup")}
      </span>
    </span>
  );
}
