import { useState } from "react";

export const PAGE_SIZES = [50, 100] as const;
const DEFAULT_SIZE = 50;

export interface PageSearch {
  limit?: string;
  cursor?: string;
}

/** The page size in the address, if it is one of those offered. */
export function pageSize(search: PageSearch): number {
  return PAGE_SIZES.find((size) => String(size) === search.limit) ?? DEFAULT_SIZE;
}

interface Trail {
  view: string;
  /** The cursors of the pages before this one, first page first. */
  cursors: (string | undefined)[];
}

interface CursorPages {
  /** Rows before this page, as far as this visit knows; null when the link led here directly. */
  before: number | null;
  next: (cursor: string) => void;
  previous: (() => void) | null;
  first: () => void;
}

/**
 * A cursor leads forward only, so the way back is remembered while the list is open. `view` is
 * everything but the page: when filters change, the trail begins anew.
 */
export function useCursorPages(
  view: string,
  search: PageSearch,
  go: (cursor: string | undefined) => void,
): CursorPages {
  const [trail, setTrail] = useState<Trail>({ view, cursors: [] });
  const known = trail.view === view ? trail.cursors : [];
  const size = pageSize(search);
  const next = (cursor: string) => {
    setTrail({ view, cursors: [...known, search.cursor] });
    go(cursor);
  };
  const first = () => {
    setTrail({ view, cursors: [] });
    go(undefined);
  };
  const back = () => {
    setTrail({ view, cursors: known.slice(0, -1) });
    go(known.at(-1));
  };
  if (!search.cursor) return { before: 0, next, previous: null, first };
  return {
    before: known.length > 0 ? known.length * size : null,
    next,
    previous: known.length > 0 ? back : null,
    first,
  };
}
