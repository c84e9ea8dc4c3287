import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type { Action, DecisionView, RequestView, Verdict } from "../../api/generated";
import { decideRequestMutation } from "../../api/generated/@tanstack/react-query.gen";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { keyKeeper } from "../../lib/once";
import { clockTime } from "../../lib/time";
import { OfferDialog } from "./OfferDialog";
import { ReasonDialog } from "./ReasonDialog";
import css from "./Request.module.css";
import { ReturnDialog } from "./ReturnDialog";
import {
  bodyOf,
  formOf,
  inOrder,
  isEnding,
  isForward,
  REASON_MAX,
  type Said,
  takesOpinion,
} from "./verdicts";

/** What can be done with the request now; what isn't the reader's to do is disabled with its reason. */
export function Decision({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const words = useWords();
  const away = useWriteBlock();
  const [opinion, setOpinion] = useState("");
  const [asking, setAsking] = useState<Action | null>(null);
  const { decide, send } = useDecide(request, () => setAsking(null));
  const actions = inOrder(request.actions);
  const blockOf = (action: Action) => away ?? action.blocked?.message ?? null;
  const isOpinionAsked = actions.some((one) => takesOpinion(one.verdict) && !one.blocked);
  const act = (action: Action) => {
    decide.reset();
    if (formOf(action) !== "none") setAsking(action);
    else send(action.verdict, takesOpinion(action.verdict) ? { reason: opinion } : {});
  };
  const verdict = decide.variables?.body.verdict;
  // A dialog that is open shows its own failure, beside what was typed.
  const shown = asking && actions.find((one) => one.verdict === asking.verdict);
  const dialog = asking && {
    request,
    verdict: asking.verdict,
    // The request may have moved on under the dialog: what was typed stays, the reason is said.
    blocked: shown ? blockOf(shown) : (away ?? t("decision.gone")),
    error: decide.error,
    waits: decide.isPending,
    onClose: () => {
      decide.reset();
      setAsking(null);
    },
    onSend: (said: Said) => send(asking.verdict, said),
  };
  const form = asking && formOf(asking);
  return (
    <Panel title={t("decision.title")}>
      <div className={css["decision"]}>
        {isOpinionAsked ? <Opinion value={opinion} onChange={setOpinion} /> : null}
        {actions.length === 0 ? <p className={css["hint"]}>{t("decision.nothing")}</p> : null}
        <div className={css["buttons"]}>
          {actions.map((action) => (
            <ActionButton
              key={action.verdict}
              type={isForward(action.verdict) ? "primary" : "default"}
              danger={isEnding(action.verdict)}
              blocked={blockOf(action)}
              loading={decide.isPending && verdict === action.verdict}
              onClick={() => act(action)}
            >
              {words("verdict", action.verdict)}
            </ActionButton>
          ))}
        </div>
        <Undo request={request} />
        {decide.error && !asking ? <ErrorView error={decide.error} /> : null}
        {decide.data && verdict ? <Answer answer={decide.data} verdict={verdict} /> : null}
      </div>
      {dialog && form === "return" ? <ReturnDialog {...dialog} /> : null}
      {dialog && form === "offer" ? <OfferDialog {...dialog} /> : null}
      {dialog && form === "reason" ? <ReasonDialog {...dialog} /> : null}
      {dialog && form === "name" ? <ReasonDialog {...dialog} typed={request.application} /> : null}
    </Panel>
  );
}

function useDecide(request: RequestView, onDone: () => void) {
  const queries = useQueryClient();
  const [keyFor] = useState(keyKeeper);
  // An attempt that was answered is over: the pool may have room by the next one. One without an
  // answer may have been heard, so it is repeated under the same key.
  const [answered, setAnswered] = useState(0);
  const decide = useMutation({
    ...decideRequestMutation(),
    onSuccess: () => {
      setAnswered((count) => count + 1);
      onDone();
    },
    onError: (error) => {
      if (toFailure(error).problem) setAnswered((count) => count + 1);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  const send = (verdict: Verdict, said: Said) => {
    const body = bodyOf(request, verdict, said);
    decide.mutate({
      path: { department: request.department, name: request.name },
      headers: { "Idempotency-Key": keyFor([body, answered]) },
      body,
    });
  };
  return { decide, send };
}

function Opinion({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className={css["reason"]}>
      <label htmlFor={id}>{t("decision.opinion")}</label>
      <Input.TextArea
        id={id}
        value={value}
        rows={2}
        maxLength={REASON_MAX}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id={`${id}-hint`} className={css["hint"]}>
        {t("decision.opinionHint")}
      </span>
    </div>
  );
}

/** Until when a withdrawal can be undone; then the action is gone, and so is this. */
function Undo({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const open = request.actions.some((one) => one.verdict === "Reinstate" && !one.blocked);
  const until = open ? request.withdrawn?.undoUntil : undefined;
  useEffect(() => {
    if (!until) return;
    // A moment later, so that the answer says that it is over.
    const left = Math.max(0, new Date(until).getTime() - Date.now()) + 1_000;
    const timer = setTimeout(() => void queries.invalidateQueries(), left);
    return () => clearTimeout(timer);
  }, [until, queries]);
  if (!until) return null;
  return (
    <p className={css["hint"]}>{t("decision.undoUntil", { time: clockTime(new Date(until)) })}</p>
  );
}

/** 200 is the request as it is now; 202 only says that the operator has not answered yet. */
function Answer({ answer, verdict }: { answer: RequestView | DecisionView; verdict: Verdict }) {
  const { t } = useTranslation();
  const words = useWords();
  const done = "phase" in answer;
  return (
    <Notice
      tone={done ? "success" : "warning"}
      role="status"
      title={t(done ? "decision.done" : "decision.pending", { verdict: words("verdict", verdict) })}
    />
  );
}
