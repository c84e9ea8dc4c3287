import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { DraftView } from "../../api/generated";
import { listDraftsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { Notice } from "../../components/Notice";
import { useWords } from "../../i18n/words";
import { minuteTime } from "../../lib/time";
import { draftOfKept } from "./draft";
import css from "./NewRequest.module.css";
import type { Keeping } from "./useKeptDraft";

/** Whether what is typed is kept, and since when. */
export function KeptMark({ keeping }: { keeping: Keeping }) {
  const { t } = useTranslation();
  const { state, at } = keeping;
  return (
    <span role="status" className={css["kept"]}>
      {state === "failed"
        ? t("wizard.notKept")
        : state === "saved"
          ? t("wizard.kept", { time: minuteTime(at)?.slice(11) ?? "" })
          : state === "saving"
            ? t("wizard.keeping")
            : ""}
    </span>
  );
}

/** What was begun before and not sent: here is the way back to it. */
export function OtherDrafts({ current }: { current: string }) {
  const { t } = useTranslation();
  const kept = useQuery({ ...listDraftsOptions(), retry: false });
  const others = (kept.data?.items ?? []).filter(
    (draft) => draft.id !== current && draft.id.startsWith("new-"),
  );
  if (others.length === 0) return null;
  return (
    <div className={css["others"]}>
      <Notice tone="info" title={t("wizard.others", { count: others.length })}>
        <ul>
          {others.map((draft) => (
            <li key={draft.id}>
              <DraftLink draft={draft} />
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}

/** A draft by what it is for, and when it was last touched. */
export function DraftLink({ draft }: { draft: DraftView }) {
  const { t } = useTranslation();
  const words = useWords();
  const { type, application, newApplication } = draftOfKept(draft.content);
  const name = newApplication.displayName || application || t("wizard.unnamed");
  return (
    <Link to="/requests/new" search={{ draft: draft.id }}>
      {words("requestType", type)} · {name} · {minuteTime(draft.updatedAt)}
    </Link>
  );
}
