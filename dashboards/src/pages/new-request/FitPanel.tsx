import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { usePoolName } from "../../app/PoolName";
import { previewOptions } from "../../app/preview";
import { useDebounced } from "../../app/useDebounced";
import { ErrorView } from "../../components/ErrorView";
import { Impact } from "../../components/Impact";
import { Panel } from "../../components/Panel";
import { amountFaults, bodyOf, type Draft, JUSTIFICATION_MIN } from "./draft";
import { FitVerdict } from "./FitVerdict";
import css from "./NewRequest.module.css";

/** Long enough for the next digit to be typed. */
const TYPING_PAUSE_MS = 300;

/** Whether it fits, from the same code that will decide, while typing. */
export function FitPanel({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const poolName = usePoolName();
  const rested = useDebounced(draft, TYPING_PAUSE_MS);
  const ready = Object.keys(amountFaults(rested)).length === 0;
  const query = useQuery({
    ...previewOptions(previewBody(rested)),
    enabled: ready,
    placeholderData: keepPreviousData,
    retry: false,
  });
  useChanges(["ResourcePool", "PoolLedger"], () => {
    if (ready) void query.refetch();
  });
  const preview = ready ? query.data : undefined;
  return (
    <Panel title={t("fit.title")} flush>
      <div className={css["fit"]} aria-busy={query.isFetching}>
        {ready ? null : <p className={css["note"]}>{t("fit.incomplete")}</p>}
        {ready && query.error ? <ErrorView error={query.error} /> : null}
        {preview && !query.error ? <FitVerdict preview={preview} /> : null}
        {/* Whether it is decided automatically, rule by rule, stands here once the preview says it. */}
      </div>
      {preview && !query.error ? (
        <Impact
          caption={t("impact.title", { pool: poolName(previewBody(rested).pool) })}
          preview={preview}
        />
      ) : null}
    </Panel>
  );
}

/** Whether it fits does not depend on names and reasons, which may still be missing. */
function previewBody(draft: Draft) {
  const displayName = draft.newApplication.displayName || draft.application;
  return bodyOf({
    ...draft,
    newApplication: { ...draft.newApplication, displayName },
    justification: ".".repeat(JUSTIFICATION_MIN),
  });
}
