// Lists of days as people type them for a year's calendar: one after the other, or from … to ….

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MILLIS_PER_DAY = 86_400_000;

/** `2026-10-01~2026-10-07 2026-10-10`: what is no day stays as it is, so that it can be named. */
export function readDays(text: string): string[] {
  return text
    .split(/[\s,;、,;]+/u)
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first, last, more] = part.split(/[~~…–]/u);
      if (!first || !last || more !== undefined || !DAY.test(first) || !DAY.test(last)) {
        return [part];
      }
      return span(first, last) ?? [part];
    });
}

/** The days from the first to the last; null where that is no span of a year at most. */
function span(first: string, last: string): string[] | null {
  const [from, to] = [Date.parse(`${first}T00:00Z`), Date.parse(`${last}T00:00Z`)];
  const count = (to - from) / MILLIS_PER_DAY + 1;
  if (!(count >= 1 && count <= 366)) return null;
  return Array.from({ length: count }, (_, index) => dayAfter(first, index));
}

/** The other way round: days in a row as one, one span a line. */
export function writeDays(days: readonly string[]): string {
  const spans: [string, string][] = [];
  for (const day of days) {
    const before = spans.at(-1);
    if (before && DAY.test(before[1]) && dayAfter(before[1], 1) === day) before[1] = day;
    else spans.push([day, day]);
  }
  return spans.map(([from, to]) => (from === to ? from : `${from}~${to}`)).join("\n");
}

export function dayAfter(day: string, count: number): string {
  const at = Date.parse(`${day}T00:00Z`);
  return Number.isNaN(at) ? day : new Date(at + count * MILLIS_PER_DAY).toISOString().slice(0, 10);
}

/** The weeks of a month from Monday to Sunday; null where a week has days of other months. */
export function weeksOf(year: number, month: number): (number | null)[][] {
  const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
  // Sunday is 0 there and the last day here.
  const before = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 6) % 7;
  const cells = [
    ...Array.from({ length: before }, () => null),
    ...Array.from({ length: count }, (_, index) => index + 1),
  ];
  const weeks: (number | null)[][] = [];
  for (let at = 0; at < cells.length; at += 7) {
    const week = cells.slice(at, at + 7);
    weeks.push([...week, ...Array.from({ length: 7 - week.length }, () => null)]);
  }
  return weeks;
}

export function dayText(year: number, month: number, day: number): string {
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}
