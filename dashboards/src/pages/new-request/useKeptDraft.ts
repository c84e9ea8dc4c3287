import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import {
  deleteDraftMutation,
  saveDraftMutation,
  showDraftOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { useDebounced } from "../../app/useDebounced";
import { onceKey } from "../../lib/once";
import { type Draft, draftOfKept } from "./draft";

/** Long enough not to write at each letter, short enough that a closed lid loses little. */
const REST_MS = 1_200;

export interface Keeping {
  state: "nothing" | "saving" | "saved" | "failed";
  at: string | null;
  error: unknown;
  forget: () => Promise<void>;
}

/** The draft that an address names, once; `undefined` while it is read, `null` where there is none. */
export function useKept(id: string | undefined): {
  draft: Draft | null | undefined;
  error: unknown;
} {
  const kept = useQuery({
    ...showDraftOptions({ path: { id: id ?? "" } }),
    enabled: id !== undefined,
    // Read once: what is typed must not change under the writer's hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  if (id === undefined) return { draft: null, error: null };
  if (kept.data) return { draft: draftOfKept(kept.data.content), error: null };
  return { draft: kept.error ? null : undefined, error: kept.error };
}

export function newDraftId(): string {
  return `new-${onceKey().slice(0, 12)}`;
}

/** Keeps what is typed, a moment after each change, under one id. */
export function useAutosave(id: string, draft: Draft, onFirst: (id: string) => void): Keeping {
  const { mutateAsync, data, error, isPending } = useMutation(saveDraftMutation());
  const forget = useMutation(deleteDraftMutation());
  const rested = useDebounced(JSON.stringify(draft), REST_MS);
  // What the page began with isn't worth keeping: only what somebody has typed.
  const saved = useRef(rested);
  const over = useRef(false);
  // One after the other, so that what was typed last is what is kept.
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const first = useRef(onFirst);
  useEffect(() => {
    first.current = onFirst;
  });
  useEffect(() => {
    if (rested === saved.current || over.current) return;
    const content = JSON.parse(rested) as Draft;
    if (!content.department) return;
    saved.current = rested;
    last.current = last.current
      .then(() =>
        mutateAsync({
          path: { id },
          body: { department: content.department, content: { ...content } },
        }),
      )
      .then(() => first.current(id))
      // The state says so; the form goes on without.
      .catch(() => undefined);
  }, [rested, id, mutateAsync]);
  const state = isPending ? "saving" : error ? "failed" : data ? "saved" : "nothing";
  return {
    state,
    at: data?.updatedAt ?? null,
    error,
    forget: async () => {
      over.current = true;
      await last.current;
      // Nothing was kept, or it is gone already: either is what is wanted.
      await forget.mutateAsync({ path: { id } }).catch(() => undefined);
    },
  };
}
