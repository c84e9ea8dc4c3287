import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type {
  Verdict as AnyVerdict,
  DecisionView,
  NewDecision,
  RequestView,
} from "../../api/generated";
import { decideRequestMutation } from "../../api/generated/@tanstack/react-query.gen";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { keyKeeper } from "../../lib/once";
import css from "./Request.module.css";

/** A refusal owes the department a reason; the kinds refuse shorter ones. */
const REASON_MIN = 10;
const REASON_MAX = 2000;

type Verdict = Extract<AnyVerdict, "Approve" | "Reject" | "Withdraw">;

/** Approve, reject, withdraw; each disabled with its reason where it may not be done. */
export function Decision({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const words = useWords();
  const reasonId = useId();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [keyFor] = useState(keyKeeper);
  // An attempt that was answered is over: the pool may have room by the next one. One without an
  // answer may have been heard, so it is repeated under the same key.
  const [answered, setAnswered] = useState(0);
  const decide = useMutation({
    ...decideRequestMutation(),
    onSuccess: () => setAnswered((count) => count + 1),
    onError: (error) => {
      if (toFailure(error).problem) setAnswered((count) => count + 1);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  const blocks = useBlocks(request, reason);
  const send = (verdict: Verdict) => {
    const body: NewDecision = {
      verdict,
      requestRevision: request.revision,
      reason: reason.trim() || null,
      stage: request.stage?.name ?? null,
    };
    decide.mutate({
      path: { department: request.department, name: request.name },
      headers: { "Idempotency-Key": keyFor([body, answered]) },
      body,
    });
  };
  const waits = decide.isPending;
  const verdict = decide.variables?.body.verdict as Verdict | undefined;
  return (
    <Panel title={t("decision.title")}>
      <div className={css["decision"]}>
        <div className={css["reason"]}>
          <label htmlFor={reasonId}>{t("decision.reason")}</label>
          <Input.TextArea
            id={reasonId}
            value={reason}
            rows={3}
            maxLength={REASON_MAX}
            aria-describedby={`${reasonId}-hint`}
            onChange={(event) => setReason(event.target.value)}
          />
          <span id={`${reasonId}-hint`} className={css["hint"]}>
            {t("decision.reasonHint", { min: REASON_MIN })}
          </span>
        </div>
        <div className={css["buttons"]}>
          <ActionButton
            type="primary"
            blocked={blocks.Approve}
            loading={waits && verdict === "Approve"}
            onClick={() => send("Approve")}
          >
            {words("verdict", "Approve")}
          </ActionButton>
          <ActionButton
            danger
            blocked={blocks.Reject}
            loading={waits && verdict === "Reject"}
            onClick={() => send("Reject")}
          >
            {words("verdict", "Reject")}
          </ActionButton>
          <ActionButton
            blocked={blocks.Withdraw}
            loading={waits && verdict === "Withdraw"}
            onClick={() => send("Withdraw")}
          >
            {words("verdict", "Withdraw")}
          </ActionButton>
        </div>
        {decide.error ? <ErrorView error={decide.error} /> : null}
        {decide.data && verdict ? <Answer answer={decide.data} verdict={verdict} /> : null}
      </div>
    </Panel>
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

/** Why each action may not be done now; null where it may. Who may do what, the API says. */
function useBlocks(request: RequestView, reason: string): Record<Verdict, string | null> {
  const { t } = useTranslation();
  const away = useWriteBlock();
  const decide = away ?? request.actions.find((one) => one.verdict === "Approve")?.blocked?.message ?? null;
  const tooShort =
    reason.trim().length < REASON_MIN ? t("decision.reasonMissing", { min: REASON_MIN }) : null;
  return {
    Approve: decide,
    Reject: decide ?? tooShort,
    Withdraw: away ?? request.actions.find((one) => one.verdict === "Withdraw")?.blocked?.message ?? null,
  };
}
