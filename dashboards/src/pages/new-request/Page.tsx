import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type { NewRequest } from "../../api/generated";
import {
  createRequestMutation,
  showApplicationOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { chosen, REQUEST_TYPES } from "../../app/choices";
import { isDepartmentMember, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { keyKeeper } from "../../lib/once";
import { AmountFields } from "./AmountFields";
import { BasisFields } from "./BasisFields";
import { allFaults, bodyOf, type Draft, emptyDraft, type Faults, withAmounts } from "./draft";
import { FitPanel } from "./FitPanel";
import css from "./NewRequest.module.css";
import { TargetFields } from "./TargetFields";

const route = getRouteApi("/signed-in/requests/new");

export interface FieldsProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  /** What is wrong with a field, in words: from the form itself or from the API. */
  fault: (path: string) => string | null;
}

/** Ask for quota. While typing, the panel at the right says whether it fits. */
export function NewRequestPage() {
  const { t } = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const [draft, change] = useDraft();
  const [faults, setFaults] = useState<Faults>({});
  const create = useMutation({
    ...createRequestMutation(),
    onSuccess: (request) => {
      void queries.invalidateQueries();
      void navigate({
        to: "/requests/$department/$name",
        params: { department: request.department, name: request.name },
      });
    },
  });
  const [keyFor] = useState(keyKeeper);
  const send = (body: NewRequest) =>
    create.mutate({ body, headers: { "Idempotency-Key": keyFor(body) } });
  const failure = create.error ? toFailure(create.error) : null;
  // A fault goes away when its field is put right, not only at the next try.
  const standing = allFaults(draft);
  const fault = (path: string) => {
    const own = faults[path] && standing[path];
    return own ? t(`fault.${own}`) : (failure?.fieldMessage(path) ?? null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setFaults(standing);
    if (Object.keys(standing).length === 0) send(bodyOf(draft));
  };
  useFocusFirstFault(form, faults, create.error);
  const blocked = useBlock();
  return (
    <>
      <PageHeader
        title={t("newRequest.title")}
        back={<Link to="/requests">← {t("nav.requests")}</Link>}
      />
      <div className={css["columns"]}>
        <form
          ref={form}
          className={css["form"]}
          onSubmit={submit}
          noValidate
          aria-label={t("newRequest.title")}
        >
          <Panel title={t("newRequest.what")}>
            <TargetFields draft={draft} change={change} fault={fault} />
          </Panel>
          {draft.type === "Release" ? null : (
            <Panel title={t("newRequest.amounts")} extra={t("newRequest.amountsHint")}>
              <AmountFields draft={draft} change={change} fault={fault} />
            </Panel>
          )}
          <Panel title={t("newRequest.why")}>
            <BasisFields draft={draft} change={change} fault={fault} />
          </Panel>
          {create.error ? (
            <ErrorView
              error={create.error}
              action={
                <ExistingRequest department={draft.department} name={failure?.problem?.existing} />
              }
            />
          ) : null}
          <div className={css["actions"]}>
            <ActionButton
              type="primary"
              size="large"
              htmlType="submit"
              blocked={blocked}
              loading={create.isPending}
            >
              {t("newRequest.submit")}
            </ActionButton>
          </div>
        </form>
        <div className={css["side"]}>
          <FitPanel draft={draft} />
        </div>
      </div>
    </>
  );
}

/** The draft begins with what the address names, and with what the application holds today. */
function useDraft(): [Draft, (part: Partial<Draft>) => void] {
  const search = route.useSearch();
  const session = useSession();
  const [draft, setDraft] = useState<Draft>(() => ({
    ...emptyDraft(),
    type: chosen(REQUEST_TYPES, search.type) ?? "Change",
    department: search.department ?? session.departments[0]?.name ?? "",
    application: search.application ?? "",
    pool: search.pool ?? "",
  }));
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const { department, application, type } = draft;
  const current = useQuery({
    ...showApplicationOptions({ path: { department, name: application } }),
    enabled: type !== "New" && department !== "" && application !== "",
    retry: false,
  });
  const holding =
    current.data?.allocations.find((one) => one.pool === draft.pool) ??
    current.data?.allocations[0];
  const target = `${department}/${application}/${draft.pool}`;
  const filledFor = useRef("");
  useEffect(() => {
    if (!holding || filledFor.current === target) return;
    filledFor.current = `${department}/${application}/${draft.pool || holding.pool}`;
    setDraft((before) => {
      const pool = before.pool || holding.pool;
      if (pool !== holding.pool) return { ...before, pool };
      return { ...withAmounts(before, holding.resources), pool };
    });
  }, [holding, target, department, application, draft.pool]);
  return [draft, change];
}

function useFocusFirstFault(
  form: React.RefObject<HTMLFormElement | null>,
  faults: Faults,
  error: unknown,
): void {
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [form, faults, error]);
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
