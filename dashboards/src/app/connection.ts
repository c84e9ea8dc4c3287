import { useSyncExternalStore } from "react";

// Whether the API answered last time. While it does not, pages keep their last data with its time,
// a banner says so, and everything that writes is disabled with that as its reason.

export interface Connection {
  away: boolean;
  /** The API answers, but cannot follow the cluster: reads are old, writes are refused. */
  stale: boolean;
  /** When the API answered for the last time. */
  lastAnswer: Date | null;
}

const listeners = new Set<() => void>();
let current: Connection = { away: false, stale: false, lastAnswer: null };

export function reportAnswer(): void {
  update({ ...current, away: false, lastAnswer: new Date() });
}

export function reportStale(stale: boolean): void {
  update({ ...current, stale });
}

export function reportSilence(): void {
  if (!current.away) update({ ...current, away: true });
}

export function connection(): Connection {
  return current;
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, connection);
}

function update(next: Connection): void {
  const changed = next.away !== current.away || next.stale !== current.stale;
  current = next;
  // The time alone is read when the banner appears; re-rendering for each answer would be waste.
  if (changed) for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
