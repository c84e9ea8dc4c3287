import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "antd";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import { createRequestMutation } from "../../api/generated/@tanstack/react-query.gen";
import { chosen, REQUEST_TYPES } from "../../app/choices";
import { isDepartmentMember, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { Loading } from "../../components/Loading";
import { PageHeader } from "../../components/PageHeader";
import { keyKeeper } from "../../lib/once";
import { useDetailText } from "./DetailFields";
import { type Step, STEPS, stepOf } from "./details";
import { allFaults, type Draft, emptyDraft, type Faults, requestOf } from "./draft";
import { DuePanel } from "./DuePanel";
import { FitPanel } from "./FitPanel";
import { KeptMark, OtherDrafts } from "./KeptMark";
import css from "./NewRequest.module.css";
import { Stepper } from "./Stepper";
import { StepFields } from "./StepFields";
import { newDraftId, useAutosave, useKept } from "./useKeptDraft";
import { useRequestDraft } from "./useRequestDraft";

const route = getRouteApi("/signed-in/requests/new");

/** Ask for quota, in four steps. What is typed is kept, and goes on where it was left. */
export function NewRequestPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const session = useSession();
  const [own] = useState(newDraftId);
  const id = search.draft ?? own;
  const kept = useKept(id === own ? undefined : id);
  const begun: Draft = {
    ...emptyDraft(),
    type: chosen(REQUEST_TYPES, search.type) ?? "Change",
    department: search.department ?? session.departments[0]?.name ?? "",
    application: search.application ?? "",
    pool: search.pool ?? "",
  };
  return (
    <>
      <PageHeader
        title={t("newRequest.title")}
        back={<Link to="/requests">← {t("nav.requests")}</Link>}
      />
      {kept.error ? <ErrorView error={kept.error} /> : null}
      {kept.draft === undefined ? (
        <Loading lines={10} />
      ) : (
        <Wizard key={id} id={id} initial={kept.draft ?? begun} wasKept={kept.draft !== null} />
      )}
    </>
  );
}

interface WizardProps {
  id: string;
  initial: Draft;
  wasKept: boolean;
}

function Wizard({ id, initial, wasKept }: WizardProps) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const form = useRef<HTMLFormElement>(null);
  const [draft, change] = useRequestDraft(initial, wasKept);
  const [faults, setFaults] = useState<Faults>({});
  const textOf = useDetailText();
  const keeping = useAutosave(id, draft, (draftId) => {
    void navigate({
      search: (before) => ({ ...before, draft: draftId }),
      replace: true,
      resetScroll: false,
    });
  });
  const create = useCreate(keeping.forget);
  const [keyFor] = useState(keyKeeper);
  const failure = create.error ? toFailure(create.error) : null;
  // A fault goes away when its field is put right, not only at the next try.
  const standing = allFaults(draft);
  const fault = (path: string) => {
    const own = faults[path] && standing[path];
    return own ? t(`fault.${own}`) : (failure?.fieldMessage(path) ?? null);
  };
  const step = STEPS[Number(search.step ?? "1") - 1] ?? "unit";
  const last = step === "basis";
  const go = (to: Step) =>
    void navigate({ search: (before) => ({ ...before, step: String(STEPS.indexOf(to) + 1) }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const paths = Object.keys(standing).filter((path) => last || stepOf(path) === step);
    setFaults((before) => ({ ...before, ...pick(standing, paths) }));
    const first = STEPS.find((one) => paths.some((path) => stepOf(path) === one));
    if (first) {
      if (first !== step) go(first);
      return;
    }
    if (!last) {
      go(STEPS[STEPS.indexOf(step) + 1] ?? step);
      return;
    }
    const body = requestOf(draft, textOf);
    create.mutate({ body, headers: { "Idempotency-Key": keyFor(body) } });
  };
  const wrong = new Set(
    [
      ...Object.keys(faults).filter((path) => faults[path] && standing[path]),
      ...(failure?.problem?.errors ?? []).map((error) => error.field),
    ].map(stepOf),
  );
  const shownAt = failure?.problem?.field ? stepOf(failure.problem.field) : null;
  useFollowFailure(create.error, shownAt, step, go);
  const frame = useStepFocus(form, step, faults, create.error);
  const blocked = useBlock();
  const fields = { draft, change, fault };
  return (
    <>
      <OtherDrafts current={id} />
      <Stepper current={step} faulty={wrong} onGo={go} />
      <div className={css["columns"]}>
        <form
          ref={form}
          className={css["form"]}
          onSubmit={submit}
          noValidate
          aria-label={t("newRequest.title")}
        >
          <div
            ref={frame}
            tabIndex={-1}
            role="group"
            aria-label={t("wizard.stepOf", {
              number: STEPS.indexOf(step) + 1,
              name: t(`wizard.step.${step}`),
            })}
            className={css["step"]}
          >
            <StepFields step={step} onGo={go} {...fields} />
          </div>
          {create.error ? (
            <ErrorView
              error={create.error}
              action={
                <ExistingRequest department={draft.department} name={failure?.problem?.existing} />
              }
            />
          ) : null}
          <div className={css["actions"]}>
            <KeptMark keeping={keeping} />
            {step === "unit" ? null : (
              <Button size="large" onClick={() => go(STEPS[STEPS.indexOf(step) - 1] ?? step)}>
                {t("wizard.back")}
              </Button>
            )}
            {last ? (
              <ActionButton
                type="primary"
                size="large"
                htmlType="submit"
                blocked={blocked}
                loading={create.isPending}
              >
                {t("newRequest.submit")}
              </ActionButton>
            ) : (
              <Button type="primary" size="large" htmlType="submit">
                {t("wizard.next")}
              </Button>
            )}
          </div>
        </form>
        <div className={css["side"]}>
          <FitPanel draft={draft} />
          <DuePanel />
        </div>
      </div>
    </>
  );
}

function pick(faults: Faults, paths: string[]): Faults {
  return Object.fromEntries(paths.map((path) => [path, faults[path]]));
}

function useCreate(forget: () => Promise<void>) {
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  return useMutation({
    ...createRequestMutation(),
    onSuccess: async (request) => {
      await forget();
      void queries.invalidateQueries();
      void navigate({
        to: "/requests/$department/$name",
        params: { department: request.department, name: request.name },
      });
    },
  });
}

/** A refusal that names a field leads to the step that has it, once. */
function useFollowFailure(
  error: unknown,
  to: Step | null,
  step: Step,
  go: (step: Step) => void,
): void {
  const followed = useRef<unknown>(null);
  useEffect(() => {
    if (!error || followed.current === error) return;
    followed.current = error;
    if (to && to !== step) go(to);
  }, [error, to, step, go]);
}

/** A step that begins is where the reader is: at its first fault, or at its top. */
function useStepFocus(
  form: React.RefObject<HTMLFormElement | null>,
  step: Step,
  faults: Faults,
  error: unknown,
): React.RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const before = useRef(step);
  useEffect(() => {
    const invalid = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const moved = before.current !== step;
    before.current = step;
    if (invalid) invalid.focus();
    else if (moved) frame.current?.focus();
  }, [form, step, faults, error]);
  return frame;
}

function useBlock(): string | null {
  const { t } = useTranslation();
  const member = isDepartmentMember(useSession());
  const away = useWriteBlock();
  return away ?? (member ? null : t("requests.onlyDepartments"));
}

/** An open request asks for the same already: here it is. */
function ExistingRequest({
  department,
  name,
}: {
  department: string;
  name: string | null | undefined;
}) {
  const { t } = useTranslation();
  if (!name) return null;
  return (
    <Link to="/requests/$department/$name" params={{ department, name }}>
      {t("newRequest.existing")}
    </Link>
  );
}
