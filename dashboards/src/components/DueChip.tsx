import { useTranslation } from "react-i18next";
import { type Due, dueState, dueTime, type Language } from "../lib/time";
import { Mark, type Tone } from "./Mark";

interface DueChipProps {
  dueAt: string | null | undefined;
  /** Working days left, or below zero those that it is late by; the server counts them. */
  workdays?: number | null | undefined;
  provisional?: boolean | undefined;
  /** The server says so; it knows working days, and what stands still. */
  overdue?: boolean | undefined;
  now?: Date;
}

const TONE: Record<Due["state"], Tone> = {
  none: "neutral",
  overdue: "error",
  today: "warning",
  left: "neutral",
};

/** 「剩余 2 个工作日」, 「逾期」, 「暂定」: a word each, the colour only helps. */
export function DueChip({
  dueAt,
  workdays,
  provisional = false,
  overdue = false,
  now = new Date(),
}: DueChipProps) {
  const { t, i18n } = useTranslation();
  const clock = dueState(dueAt, now, workdays);
  const due: Due =
    overdue && clock.state !== "overdue"
      ? { state: "overdue", days: 0, unit: "calendarDays" }
      : clock;
  if (due.state === "none") return <>—</>;
  const words =
    due.state === "left"
      ? t(due.unit === "workdays" ? "due.leftWorkdays" : "due.left", { count: due.days })
      : due.state === "overdue" && due.days > 0
        ? t(due.unit === "workdays" ? "due.overdueByWorkdays" : "due.overdueBy", {
            count: due.days,
          })
        : t(due.state === "overdue" ? "due.overdue" : "due.today");
  return (
    <span title={(dueAt && dueTime(dueAt, i18n.language as Language)) || undefined}>
      <Mark tone={TONE[due.state]}>{words}</Mark>
      {provisional ? <Mark>{t("due.provisional")}</Mark> : null}
    </span>
  );
}
