import { useTranslation } from "react-i18next";
import type { CalendarMonth, CalendarView } from "../../api/generated";
import { dayText, weeksOf } from "../../lib/days";
import css from "./Calendar.module.css";

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

interface MonthProps {
  calendar: CalendarView;
  month: CalendarMonth;
  today: string;
}

/** One month as a real table: what a day is stands in words in its cell, and on hover as a sentence. */
export function Month({ calendar, month, today }: MonthProps) {
  const { t } = useTranslation();
  const { year } = calendar;
  return (
    <table className={css["month"]}>
      <caption>
        <span className={css["head"]}>
          <span>{t("calendar.monthOf", { year, month: month.month })}</span>
          <span className={css["soft"]}>{t("policy.workdays", { count: month.workdays })}</span>
        </span>
      </caption>
      <thead>
        <tr>
          {WEEKDAYS.map((weekday) => (
            <th key={weekday} scope="col">
              <abbr title={t(`calendar.weekdayLong.${weekday}`)}>
                {t(`calendar.weekday.${weekday}`)}
              </abbr>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeksOf(year, month.month).map((week, index) => (
          <tr key={index}>
            {week.map((number, weekday) => (
              <td key={weekday}>
                {number === null ? null : (
                  <Day
                    date={dayText(year, month.month, number)}
                    number={number}
                    weekend={weekday > 4}
                    month={month}
                    calendar={calendar}
                    isToday={dayText(year, month.month, number) === today}
                  />
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface DayProps {
  date: string;
  number: number;
  weekend: boolean;
  month: CalendarMonth;
  calendar: CalendarView;
  isToday: boolean;
}

function Day({ date, number, weekend, month, calendar, isToday }: DayProps) {
  const { t } = useTranslation();
  const worked = month.makeupWorkdays.includes(date);
  const off = month.holidays.includes(date);
  const kind = worked ? "worked" : off ? "off" : weekend ? "weekend" : "usual";
  const mark = worked ? t("calendar.workedMark") : off ? t("calendar.offMark") : null;
  const sentence = noteOf(calendar, date);
  return (
    <span
      className={`${css["day"]} ${css[kind]} ${isToday ? css["today"] : ""}`}
      title={sentence}
      {...(isToday ? { "aria-current": "date" as const } : {})}
    >
      {number}
      {mark ? <small aria-hidden={sentence ? "true" : undefined}>{mark}</small> : null}
      {sentence ? <span className="visually-hidden">{sentence}</span> : null}
    </span>
  );
}

/** The server's sentence about the day: 「10月10日(周六)调休上班」. */
function noteOf(calendar: CalendarView, date: string): string | undefined {
  return calendar.notes.find((note) => note.date <= date && date <= (note.until ?? note.date))
    ?.text;
}
