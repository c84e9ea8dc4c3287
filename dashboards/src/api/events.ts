import { useEffect, useRef, useSyncExternalStore } from "react";
import type { Changed } from "./generated";

/** `resumed`: changes may have been missed while the stream was broken, so read everything again. */
export type Signal = { what: "changed"; change: Changed } | { what: "resumed" };

export type FeedState = "idle" | "live" | "lost";

const ADDRESS = "/api/v1/events";

/** The browser reconnects a broken stream by itself, but gives up on a refused one. */
const REOPEN_MS = 3_000;

class Feed {
  private source: EventSource | null = null;
  private state: FeedState = "idle";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly readers = new Set<(signal: Signal) => void>();
  private readonly watchers = new Set<() => void>();

  open(): void {
    if (this.source || typeof EventSource === "undefined") return;
    const source = new EventSource(ADDRESS, { withCredentials: true });
    this.source = source;
    source.onopen = () => {
      const resumed = this.state === "lost";
      this.setState("live");
      if (resumed) this.send({ what: "resumed" });
    };
    source.onerror = () => {
      this.setState("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      this.source = null;
      this.timer = setTimeout(() => this.open(), REOPEN_MS);
    };
    source.addEventListener("changed", (event) => {
      const change = readChange(event.data);
      if (change) this.send({ what: "changed", change });
    });
    // The server lost its own watch for a while and cannot say what was missed.
    source.addEventListener("reset", () => this.send({ what: "resumed" }));
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.setState("idle");
  }

  read = (reader: (signal: Signal) => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  now = (): FeedState => this.state;

  private setState(state: FeedState): void {
    if (state === this.state) return;
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }

  private send(signal: Signal): void {
    for (const reader of this.readers) reader(signal);
  }
}

/** One stream for the whole application. */
export const feed = new Feed();

export function useFeedState(): FeedState {
  return useSyncExternalStore(feed.watch, feed.now);
}

/** At most this often a burst of changes makes a page read again; the first change acts at once. */
const THROTTLE_MS = 400;

/** Calls `act` when an object of one of these kinds changed, at once and then throttled. */
export function useChanges(kinds: readonly string[], act: () => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  }, [act]);
  const wanted = kinds.join(",");
  useEffect(() => {
    const names = wanted.split(",");
    const throttle = throttled(() => latest.current(), THROTTLE_MS);
    const stop = feed.read((signal) => {
      if (signal.what === "resumed" || names.includes(signal.change.kind)) throttle.call();
    });
    return () => {
      stop();
      throttle.cancel();
    };
  }, [wanted]);
}

/** Runs at once, then at most once per pause; a call within the pause runs at its end. */
export function throttled(run: () => void, pauseMs: number): { call(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const end = () => {
    timer = undefined;
    if (again) start();
  };
  const start = () => {
    again = false;
    timer = setTimeout(end, pauseMs);
    run();
  };
  return {
    call() {
      if (timer === undefined) start();
      else again = true;
    },
    cancel() {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}

export function readChange(data: unknown): Changed | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== "object" || value === null) return null;
    const { kind, namespace, name, type } = value as Partial<Changed>;
    if (typeof kind !== "string" || typeof name !== "string") return null;
    return { kind, name, namespace: namespace ?? "", type: type ?? "modified" };
  } catch {
    return null;
  }
}
