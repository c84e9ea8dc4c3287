import { useWords } from "../i18n/words";
import { Mark, type Tone } from "./Mark";

const TONES: Readonly<Record<string, Tone>> = {
  Submitted: "info",
  Accepted: "info",
  TechReview: "info",
  Offered: "warning",
  Approved: "success",
  Provisioning: "warning",
  Testing: "warning",
  Active: "success",
  Returned: "warning",
  Rejected: "error",
  Reclaiming: "warning",
  Expired: "warning",
};

export function PhaseMark({ phase }: { phase: string }) {
  const words = useWords();
  return <Mark tone={TONES[phase] ?? "neutral"}>{words("phase", phase)}</Mark>;
}
