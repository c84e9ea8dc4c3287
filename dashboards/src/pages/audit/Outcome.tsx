import type { AuditView } from "../../api/generated";
import { Mark, type Tone } from "../../components/Mark";
import { useWords } from "../../i18n/words";

const TONE: Record<string, Tone> = {
  Done: "success",
  Written: "neutral",
  Pending: "info",
  Open: "info",
  Refused: "warning",
  Failed: "error",
  Timeout: "error",
  Missing: "error",
};

/** What came of an act, with the code that says why. */
export function Outcome({ act }: { act: Pick<AuditView, "outcome" | "code"> }) {
  const words = useWords();
  return (
    <Mark tone={TONE[act.outcome] ?? "neutral"}>
      {words("auditOutcome", act.outcome)}
      {act.code ? ` · ${act.code}` : ""}
    </Mark>
  );
}
