import type { LinkState } from "../../api/generated";
import { Mark, type Tone } from "../../components/Mark";
import { useWords } from "../../i18n/words";

/** Unknown is grey: it is neither good nor bad. */
const TONE: Record<LinkState, Tone> = {
  Up: "success",
  Degraded: "warning",
  Down: "error",
  Unreachable: "error",
  Unknown: "neutral",
  Maintenance: "info",
};

export function StateMark({ state }: { state: LinkState }) {
  const words = useWords();
  return <Mark tone={TONE[state]}>{words("linkState", state)}</Mark>;
}
