// What the audit log is searched by. It stands in the address, so that a search can be sent to somebody.

/** What came of an act, in the order of the select. */
export const OUTCOMES = [
  "Done",
  "Refused",
  "Failed",
  "Timeout",
  "Pending",
  "Open",
  "Written",
  "Missing",
] as const;

export const FILTERS = [
  "actor",
  "department",
  "operation",
  "object",
  "outcome",
  "since",
  "until",
] as const;

export type Filters = Partial<Record<(typeof FILTERS)[number], string>>;

/** Without what is empty. */
export function filled(filters: Filters): Filters {
  const kept: Filters = {};
  for (const key of FILTERS) {
    const value = filters[key]?.trim();
    if (value) kept[key] = value;
  }
  return kept;
}

const MINUTE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

/** A minute as a date field writes it, as a moment of the city's time; undefined if it is none. */
export function moment(minute: string | undefined): string | undefined {
  return minute !== undefined && MINUTE.test(minute) ? `${minute}:00+08:00` : undefined;
}

/** The search as the API takes it. */
export function queryOf(filters: Filters): Filters {
  const { since, until, ...rest } = filled(filters);
  const query: Filters = rest;
  const [from, to] = [moment(since), moment(until)];
  if (from) query.since = from;
  if (to) query.until = to;
  return query;
}
