import type { Draft } from "./draft";

/** What each part of the form is given. */
export interface FieldsProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  /** What is wrong with a field, in words: from the form itself or from the API. */
  fault: (path: string) => string | null;
}
