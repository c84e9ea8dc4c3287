// Rows that stay still. New data may change the figures in the rows on screen, but no row appears,
// leaves or moves by itself: that is counted, announced, and happens when the reader asks for it.

export interface Steady<Row> {
  rows: Row[];
  /** How many rows would come or go. */
  news: number;
}

export function steady<Row>(
  shown: readonly Row[],
  latest: readonly Row[],
  keyOf: (row: Row) => string,
): Steady<Row> {
  const latestByKey = new Map(latest.map((row) => [keyOf(row), row]));
  const shownKeys = new Set(shown.map(keyOf));
  const rows = shown.map((row) => latestByKey.get(keyOf(row)) ?? row);
  const come = latest.filter((row) => !shownKeys.has(keyOf(row))).length;
  const gone = shown.filter((row) => !latestByKey.has(keyOf(row))).length;
  return { rows, news: Math.max(come, gone) };
}
