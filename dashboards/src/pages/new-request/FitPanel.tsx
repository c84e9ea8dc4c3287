import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { usePoolName } from "../../app/PoolName";
import { previewOptions } from "../../app/preview";
import { useDebounced } from "../../app/useDebounced";
import { AutomaticVerdict } from "../../components/AutomaticVerdict";
import { ErrorView } from "../../components/ErrorView";
import { Impact } from "../../components/Impact";
import { Panel } from "../../components/Panel";
import { amountFaults, bodyOf, type Draft, JUSTIFICATION_MIN } from "./draft";
import { FitVerdict } from "./FitVerdict";
import css from "./NewRequest.module.css";

/** Long enough for the next digit to be typed. */
const TYPING_PAUSE_MS = 300;

/**
 * Whether it fits and who would decide, from the same code that will, while typing. A correction has
 * had its answer: the rules are asked again when it is sent.
 */
export function FitPanel({ draft, corrects = false }: { draft: Draft; corrects?: boolean }) {
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
        {preview?.automatic && !corrects && !query.error ? (
          <AutomaticVerdict automatic={preview.automatic} />
        ) : null}
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
