import { ExactAmount } from "../../components/Amount";
import { type Resource, readAmount } from "../../lib/amount";
import css from "./Requests.module.css";

interface DeltaProps {
  resource: Resource;
  from: string;
  to: string;
}

/** What would change: +8 cores. Nothing where nothing does. */
export function Delta({ resource, from, to }: DeltaProps) {
  const before = readAmount(resource, from);
  const after = readAmount(resource, to);
  if (before === null || after === null || before === after) return null;
  return (
    <span className={after > before ? css["more"] : css["less"]}>
      <ExactAmount resource={resource} exact={after - before} signed />
    </span>
  );
}
