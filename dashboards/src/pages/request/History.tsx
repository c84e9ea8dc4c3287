import { useTranslation } from "react-i18next";
import type { Correction, RequestView } from "../../api/generated";
import { DueChip } from "../../components/DueChip";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { PhaseMark } from "../../components/PhaseMark";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { Person } from "../requests/columns";
import { useFieldName } from "./fieldName";
import css from "./Request.module.css";

/** Who did what when, and why; oldest first, as it happened, and last what it waits for now. */
export function History({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const words = useWords();
  const entries = request.history;
  return (
    <Panel title={t("request.history")}>
      {entries.length === 0 ? <p className={css["hint"]}>{t("request.noHistory")}</p> : null}
      <ol className={css["history"]}>
        {entries.map((entry, index) => (
          <li key={`${entry.at} ${entry.to} ${index}`}>
            <div className={css["step"]}>
              <PhaseMark phase={entry.to} />
              {entry.stage ? <Mark>{words("stage", entry.stage)}</Mark> : null}
              {entry.verdict ? <span>{words("verdict", entry.verdict)}</span> : null}
              <Person name={entry.by} short={entry.byShort} />
              <time className={css["when"]} dateTime={entry.at}>
                {dateTime(entry.at)}
              </time>
            </div>
            {entry.reason ? <p className={css["prose"]}>{entry.reason}</p> : null}
            {entry.changes.length > 0 ? <Changes changes={entry.changes} /> : null}
          </li>
        ))}
        {request.stage ? <Now request={request} stage={request.stage} /> : null}
      </ol>
    </Panel>
  );
}

/** What was corrected: each field before and after. */
function Changes({ changes }: { changes: Correction[] }) {
  const { t } = useTranslation();
  const fieldName = useFieldName();
  return (
    <dl className={css["changes"]} aria-label={t("request.changes")}>
      {changes.map((change) => (
        <div key={change.field}>
          <dt>{fieldName(change.field)}</dt>
          <dd>
            {change.before ? <del>{change.before}</del> : "—"}
            <span aria-hidden="true"> → </span>
            {change.after ? <ins>{change.after}</ins> : "—"}
          </dd>
        </div>
      ))}
    </dl>
  );
}

type Step = NonNullable<RequestView["stage"]>;

/** Where it stands: the step, its time limit, and whose it is. */
function Now({ request, stage }: { request: RequestView; stage: Step }) {
  const { t } = useTranslation();
  const words = useWords();
  if (!stage.limit && !stage.dueAt) return null;
  return (
    <li aria-current="step">
      <div className={css["step"]}>
        <strong>{t("request.now")}</strong>
        <span>{words("stage", stage.name)}</span>
        {stage.limit ? <span>{words("limit", stage.limit)}</span> : null}
        <DueChip
          dueAt={stage.dueAt}
          workdays={stage.workdaysLeft}
          provisional={stage.provisional}
          overdue={stage.overdue}
        />
        {request.review?.assignee ? (
          <span>
            {t("request.assignee")}{" "}
            <Person
              name={request.review.assignee}
              short={request.review.assigneeShort ?? request.review.assignee}
            />
          </span>
        ) : null}
      </div>
      {stage.stopped ? (
        <p className={css["hint"]}>
          {t("request.stopped", { limit: words("limit", stage.stopped.limit) })}
        </p>
      ) : null}
    </li>
  );
}
