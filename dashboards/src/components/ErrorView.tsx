import { Button } from "antd";
import type { ReactNode } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { type Failure, toFailure } from "../api/failure";
import type { Problem } from "../api/generated";
import { useWords } from "../i18n/words";
import { Amount } from "./Amount";
import css from "./ErrorView.module.css";
import { Notice } from "./Notice";

interface ErrorViewProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
  action?: ReactNode;
}

/** What went wrong, in which field, what to do next, and the id that support will ask for. */
export function ErrorView({ error, onRetry, action }: ErrorViewProps) {
  const { t } = useTranslation();
  const failure = toFailure(error);
  const buttons = (
    <>
      {action}
      {onRetry ? <Button onClick={onRetry}>{t("error.retry")}</Button> : null}
    </>
  );
  return (
    <Notice tone="error" role="alert" title={failureTitle(failure, t)} action={buttons}>
      <FailureDetails failure={failure} />
    </Notice>
  );
}

export function failureTitle(failure: Failure, t: TFunction): string {
  if (failure.problem) return failure.problem.title;
  return failure.kind === "away" ? t("error.away") : t("error.unreadable");
}

function FailureDetails({ failure }: { failure: Failure }) {
  const { t } = useTranslation();
  const problem = failure.problem;
  if (!problem) {
    return <p>{failure.kind === "away" ? t("error.awayNext") : t("error.unreadableNext")}</p>;
  }
  return (
    <>
      <p>{problem.detail}</p>
      {problem.errors && problem.errors.length > 0 ? (
        <ul className={css["fields"]}>
          {problem.errors.map((error) => (
            <li key={`${error.field} ${error.code}`}>
              <code>{error.field}</code> {error.message}
            </li>
          ))}
        </ul>
      ) : null}
      <dl className={css["facts"]}>
        {problem.field ? (
          <div>
            <dt>{t("error.field")}</dt>
            <dd>
              <code>{problem.field}</code>
            </dd>
          </div>
        ) : null}
        {problem.nextStep ? (
          <div>
            <dt>{t("error.next")}</dt>
            <dd>{problem.nextStep}</dd>
          </div>
        ) : null}
        <Shortage problem={problem} />
        <div>
          <dt>{t("error.code")}</dt>
          <dd>
            <code>{problem.code}</code>
          </dd>
        </div>
        <div>
          <dt>{t("error.requestId")}</dt>
          <dd>
            <code>{problem.requestId}</code>
          </dd>
        </div>
      </dl>
    </>
  );
}

/** What did not fit: the resource, what was asked for beyond what is there, and what was left. */
function Shortage({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  const words = useWords();
  const { resource } = problem;
  if (!resource) return null;
  const amounts = [
    { term: t("fit.asked"), text: problem.asked },
    { term: t("fit.limit"), text: problem.limit },
    { term: t("fit.free"), text: problem.free },
  ];
  return (
    <>
      <div>
        <dt>{t("field.resource")}</dt>
        <dd>{words("resource", resource)}</dd>
      </div>
      {amounts
        .filter(({ text }) => text)
        .map(({ term, text }) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>
              <Amount resource={resource} text={text} strong />
            </dd>
          </div>
        ))}
    </>
  );
}
