import { useTranslation } from "react-i18next";
import type { DueView } from "../api/generated";
import { dueTime, type Language } from "../lib/time";
import css from "./DueDate.module.css";
import { Mark } from "./Mark";

/** A due date, whether it may still change, and why it is then. */
export function DueDate({ due }: { due: DueView }) {
  const { t, i18n } = useTranslation();
  return (
    <div className={css["due"]}>
      <p>
        <strong>
          <time dateTime={due.dueAt}>
            {dueTime(due.dueAt, i18n.language as Language) ?? due.dueAt}
          </time>
        </strong>{" "}
        {due.provisional ? <Mark tone="warning">{t("due.provisional")}</Mark> : null}
      </p>
      {due.notes.length > 0 ? (
        <ul>
          {due.notes.map((note) => (
            <li key={`${note.kind} ${note.date}`}>{note.text}</li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
