import { useTranslation } from "react-i18next";
import type { RequestView } from "../../api/generated";
import { Panel } from "../../components/Panel";
import { PhaseMark } from "../../components/PhaseMark";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { Person } from "../requests/columns";
import css from "./Request.module.css";

/** Who did what when, and why; oldest first, as it happened. */
export function History({ entries }: { entries: RequestView["history"] }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <Panel title={t("request.history")}>
      {entries.length === 0 ? <p className={css["hint"]}>{t("request.noHistory")}</p> : null}
      <ol className={css["history"]}>
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.to}`}>
            <div className={css["step"]}>
              <PhaseMark phase={entry.to} />
              {entry.verdict ? <span>{words("verdict", entry.verdict)}</span> : null}
              <Person name={entry.by} short={entry.byShort} />
              <time className={css["when"]} dateTime={entry.at}>
                {dateTime(entry.at)}
              </time>
            </div>
            {entry.reason ? <p className={css["prose"]}>{entry.reason}</p> : null}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
