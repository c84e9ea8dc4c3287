import { useTranslation } from "react-i18next";
import type { PoolView } from "../api/generated";
import { useWords } from "../i18n/words";
import { dateTime } from "../lib/time";
import { Mark } from "./Mark";
import { Notice } from "./Notice";

/** What keeps the pool from giving anything out, if anything does. */
function troubleOf(pool: PoolView) {
  return pool.conditions.find(
    (condition) => condition.type === "Ready" && condition.status === "False",
  );
}

/** One word beside the pool's name. */
export function PoolTroubleMark({ pool }: { pool: PoolView }) {
  const words = useWords();
  const trouble = troubleOf(pool);
  return trouble ? <Mark tone="error">{words("poolState", trouble.reason)}</Mark> : null;
}

/** What it is, what it means, since when. */
export function PoolTroubleNotice({ pool }: { pool: PoolView }) {
  const { t } = useTranslation();
  const words = useWords();
  const trouble = troubleOf(pool);
  if (!trouble) return null;
  return (
    <Notice tone="error" role="status" title={words("poolState", trouble.reason)}>
      <p>{words("poolTrouble", trouble.reason)}</p>
      <p>{t("conditions.sinceWhen", { time: dateTime(trouble.lastTransitionTime) ?? "—" })}</p>
    </Notice>
  );
}
