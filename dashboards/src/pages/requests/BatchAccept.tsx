import { useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Failure, toFailure } from "../../api/failure";
import { decideRequest, type RequestView } from "../../api/generated";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { Mark, type Tone } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { keyKeeper } from "../../lib/once";
import { bodyOf, REASON_MAX } from "../request/verdicts";
import { requestKey } from "./columns";
import css from "./Requests.module.css";

/** What became of one of them. Each is a decision of its own, and answers for itself. */
type Outcome =
  | { state: "waits" }
  | { state: "running" }
  | { state: "accepted" }
  | { state: "pending" }
  | { state: "failed"; failure: Failure };

const TONE: Record<Outcome["state"], Tone> = {
  waits: "neutral",
  running: "info",
  accepted: "success",
  pending: "warning",
  failed: "error",
};

interface BatchAcceptProps {
  requests: RequestView[];
  onClose: () => void;
}

/** Accepts several, one after the other: one that is refused says why, and the others go on. */
export function BatchAccept({ requests, onClose }: BatchAcceptProps) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const away = useWriteBlock();
  // The list may move on underneath; what was chosen is what is decided on.
  const [chosen] = useState(requests);
  const [opinion, setOpinion] = useState("");
  const [outcomes, setOutcomes] = useState<Record<string, Outcome>>({});
  const [running, setRunning] = useState(false);
  const stopped = useRef(false);
  // Each keeps its key until it was answered: one whose answer was lost isn't decided twice.
  const keys = useRef(new Map<string, (content: unknown) => string>());
  const outcomeOf = (request: RequestView): Outcome =>
    outcomes[requestKey(request)] ?? { state: "waits" };
  const open = chosen.filter((request) => isOpen(outcomeOf(request)));
  const done = chosen.filter((request) => outcomeOf(request).state === "accepted").length;
  const failed = chosen.filter((request) => outcomeOf(request).state === "failed").length;
  const began = Object.keys(outcomes).length > 0;
  const run = async () => {
    setRunning(true);
    for (const request of open) {
      if (stopped.current) break;
      const key = requestKey(request);
      const note = (outcome: Outcome) => setOutcomes((before) => ({ ...before, [key]: outcome }));
      note({ state: "running" });
      const keeper = keys.current.get(key) ?? keyKeeper();
      keys.current.set(key, keeper);
      note(await accept(request, opinion, keeper));
    }
    setRunning(false);
    void queries.invalidateQueries();
  };
  const close = () => {
    stopped.current = true;
    onClose();
  };
  return (
    <Dialog
      title={t("batch.title", { count: chosen.length })}
      onClose={close}
      onSubmit={() => {
        if (!running && !away && open.length > 0) void run();
      }}
      actions={
        <>
          <Button onClick={close}>{t(began ? "app.close" : "decision.back")}</Button>
          {open.length > 0 ? (
            <ActionButton type="primary" htmlType="submit" blocked={away} loading={running}>
              {began ? t("batch.again", { count: open.length }) : t("batch.accept")}
            </ActionButton>
          ) : null}
        </>
      }
    >
      <Field label={t("decision.opinion")} hint={t("batch.hint")}>
        {(control) => (
          <Input.TextArea
            {...control}
            rows={2}
            value={opinion}
            maxLength={REASON_MAX}
            disabled={began}
            onChange={(event) => setOpinion(event.target.value)}
          />
        )}
      </Field>
      <div role="status">
        {began && !running ? (
          <Notice
            tone={failed > 0 ? "warning" : "success"}
            title={t("batch.result", { done, failed, rest: chosen.length - done - failed })}
          />
        ) : null}
      </div>
      <ul className={css["batch"]}>
        {chosen.map((request) => {
          const outcome = outcomeOf(request);
          return (
            <li key={requestKey(request)}>
              <span>
                {request.number ?? request.name} · {request.applicationName || request.application}
                <small>{request.departmentName}</small>
              </span>
              <Mark tone={TONE[outcome.state]}>{t(`batch.state.${outcome.state}`)}</Mark>
              {outcome.state === "failed" ? (
                <p>{reasonOf(outcome.failure, t("error.away"))}</p>
              ) : null}
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}

/** Not sent yet, or sent and never answered. */
function isOpen(outcome: Outcome): boolean {
  return outcome.state === "waits" || (outcome.state === "failed" && outcome.failure.passing);
}

function reasonOf(failure: Failure, away: string): string {
  const { problem } = failure;
  return problem ? `${problem.detail} ${problem.nextStep}` : away;
}

async function accept(
  request: RequestView,
  opinion: string,
  keyFor: (content: unknown) => string,
): Promise<Outcome> {
  const body = bodyOf(request, "Accept", { reason: opinion });
  try {
    const { data } = await decideRequest({
      path: { department: request.department, name: request.name },
      headers: { "Idempotency-Key": keyFor(body) },
      body,
      throwOnError: true,
    });
    // 200 is the request as it is now; 202 only says that the operator has not answered yet.
    return { state: "phase" in data ? "accepted" : "pending" };
  } catch (error) {
    return { state: "failed", failure: toFailure(error) };
  }
}

/** Whether the reader may accept it now. */
export function isAcceptable(request: RequestView): boolean {
  return request.actions.some((action) => action.verdict === "Accept" && !action.blocked);
}
