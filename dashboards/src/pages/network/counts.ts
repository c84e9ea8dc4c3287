import type { LinkState, StateCounts } from "../../api/generated";

export const STATES = [
  "Down",
  "Unreachable",
  "Degraded",
  "Unknown",
  "Maintenance",
  "Up",
] as const satisfies readonly LinkState[];

const FIELD: Record<LinkState, keyof StateCounts> = {
  Up: "up",
  Degraded: "degraded",
  Down: "down",
  Unreachable: "unreachable",
  Unknown: "unknown",
  Maintenance: "maintenance",
};

export function countOf(counts: StateCounts, state: LinkState): number {
  return counts[FIELD[state]];
}

/** Links that answer; one that loses much is connected all the same. */
export function connected(counts: StateCounts): number {
  return counts.up + counts.degraded;
}

/**
 * Percent with one decimal, cut and never rounded up: 100 % means all. Null of nothing.
 */
export function percent(part: number, whole: number): string | null {
  if (whole === 0) return null;
  const tenths = Math.floor((part * 1000) / whole);
  return `${Math.floor(tenths / 10)}.${tenths % 10}%`;
}
