import { useWords, type WordKind } from "../i18n/words";

/** The word for a key of the API, in the language of the page. */
export function Word({ kind, of }: { kind: WordKind; of: string | null | undefined }) {
  return <>{useWords()(kind, of)}</>;
}
