import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { showApplicationOptions } from "../../api/generated/@tanstack/react-query.gen";
import { type Draft, withAmounts } from "./draft";

/** The form's state. What the application holds today is filled in once for each that is chosen. */
export function useRequestDraft(
  initial: Draft,
  wasKept: boolean,
): [Draft, (part: Partial<Draft>) => void] {
  const [draft, setDraft] = useState(initial);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const { department, application, type } = draft;
  const current = useQuery({
    ...showApplicationOptions({ path: { department, name: application } }),
    enabled: type !== "New" && department !== "" && application !== "",
    retry: false,
  });
  const holding =
    current.data?.allocations.find((one) => one.pool === draft.pool) ??
    current.data?.allocations[0];
  const target = `${department}/${application}/${draft.pool}`;
  // What was typed into a kept draft counts, not what the application holds.
  const filledFor = useRef(wasKept ? target : "");
  useEffect(() => {
    if (!holding || filledFor.current === target) return;
    filledFor.current = `${department}/${application}/${draft.pool || holding.pool}`;
    setDraft((before) => {
      const pool = before.pool || holding.pool;
      if (pool !== holding.pool) return { ...before, pool };
      return { ...withAmounts(before, holding.resources), pool };
    });
  }, [holding, target, department, application, draft.pool]);
  return [draft, change];
}
