// Every time is shown in Asia/Shanghai, whatever the browser's own zone is: a deadline that moves
// with the reader's laptop is no deadline.

export const ZONE = "Asia/Shanghai";

export type Language = "zh-CN" | "en";

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const PARTS = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

const WEEKDAY: Record<Language, Intl.DateTimeFormat> = {
  "zh-CN": new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, weekday: "short" }),
  en: new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, weekday: "short" }),
};

const MILLIS_PER_DAY = 86_400_000;

function partsOf(at: Date): Parts {
  const parts: Partial<Parts> = {};
  for (const { type, value } of PARTS.formatToParts(at)) {
    if (type in EMPTY) parts[type as keyof Parts] = value;
  }
  return { ...EMPTY, ...parts };
}

const EMPTY: Parts = { year: "", month: "", day: "", hour: "", minute: "", second: "" };

function read(text: string | null | undefined): Date | null {
  if (!text) return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** 2026-11-23 14:05:06 */
export function dateTime(text: string | null | undefined): string | null {
  const at = read(text);
  if (!at) return null;
  const p = partsOf(at);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
}

/** 2026-11-23 14:05, for lists. */
export function minuteTime(text: string | null | undefined): string | null {
  return dateTime(text)?.slice(0, -3) ?? null;
}

/** 14:05:06 */
export function clockTime(at: Date): string {
  const p = partsOf(at);
  return `${p.hour}:${p.minute}:${p.second}`;
}

/** 2026-11-23, the calendar day in Asia/Shanghai. */
export function day(text: string | null | undefined): string | null {
  const at = read(text);
  if (!at) return null;
  const p = partsOf(at);
  return `${p.year}-${p.month}-${p.day}`;
}

/** 2026-11-26(周四)17:30, where the day of the week matters. */
export function dueTime(text: string, language: Language): string | null {
  const at = read(text);
  if (!at) return null;
  const p = partsOf(at);
  const weekday = WEEKDAY[language].format(at);
  const date = `${p.year}-${p.month}-${p.day}`;
  return language === "zh-CN"
    ? `${date}(${weekday})${p.hour}:${p.minute}`
    : `${date} (${weekday}) ${p.hour}:${p.minute}`;
}

export type DayUnit = "workdays" | "calendarDays";

export type Due =
  | { state: "none" }
  | { state: "overdue"; days: number; unit: DayUnit }
  | { state: "today" }
  | { state: "left"; days: number; unit: DayUnit };

/**
 * What the chip beside a request says. Working days are known to the server alone, which counts them
 * (`workdays`) where a time limit is in them; else it is calendar days.
 */
export function dueState(
  dueAt: string | null | undefined,
  now: Date,
  workdays?: number | null,
): Due {
  const due = read(dueAt);
  if (!due) return { state: "none" };
  const unit = workdays == null ? "calendarDays" : "workdays";
  const days = workdays ?? dayNumber(due) - dayNumber(now);
  if (due.getTime() <= now.getTime()) return { state: "overdue", days: Math.max(0, -days), unit };
  return days <= 0 ? { state: "today" } : { state: "left", days, unit };
}

/** Days since the epoch on the wall calendar of Asia/Shanghai. */
function dayNumber(at: Date): number {
  const p = partsOf(at);
  return Date.UTC(Number(p.year), Number(p.month) - 1, Number(p.day)) / MILLIS_PER_DAY;
}

export type Age = { unit: "seconds" | "minutes" | "hours" | "days"; count: number };

/** How long ago something was measured; never negative, since clocks differ by a little. */
export function age(text: string | null | undefined, now: Date): Age | null {
  const at = read(text);
  if (!at) return null;
  const seconds = Math.max(0, Math.floor((now.getTime() - at.getTime()) / 1000));
  if (seconds < 60) return { unit: "seconds", count: seconds };
  if (seconds < 3600) return { unit: "minutes", count: Math.floor(seconds / 60) };
  if (seconds < 86_400) return { unit: "hours", count: Math.floor(seconds / 3600) };
  return { unit: "days", count: Math.floor(seconds / 86_400) };
}
