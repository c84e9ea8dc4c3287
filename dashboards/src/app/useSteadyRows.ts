import { useState } from "react";
import { steady } from "../lib/steady";

interface SteadyRows<Row> {
  rows: Row[];
  news: number;
  /** Rows that the last acceptance brought in. */
  fresh: ReadonlySet<string>;
  accept: () => void;
}

interface Shown<Row> {
  view: string;
  rows: readonly Row[];
  fresh: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Keeps the rows of one view (its filters, sort and page) still while data change underneath.
 * `items` is undefined while the view's first data are on their way.
 */
export function useSteadyRows<Row>(
  items: readonly Row[] | undefined,
  view: string,
  keyOf: (row: Row) => string,
): SteadyRows<Row> {
  const [shown, setShown] = useState<Shown<Row> | null>(null);
  // An empty list has nothing that could jump, so news are simply shown.
  const stale = items !== undefined && (shown?.view !== view || shown.rows.length === 0);
  if (items && stale && (shown?.view !== view || items.length > 0)) {
    setShown({ view, rows: items, fresh: NONE });
  }
  const { rows, news } = steady(shown?.rows ?? [], items ?? shown?.rows ?? [], keyOf);
  const accept = () => {
    if (!items) return;
    const before = new Set(rows.map(keyOf));
    const fresh = new Set(items.map(keyOf).filter((key) => !before.has(key)));
    setShown({ view, rows: items, fresh });
  };
  return { rows, news, fresh: shown?.fresh ?? NONE, accept };
}
