import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type { RequestView } from "../../api/generated";
import {
  correctRequestMutation,
  showRequestOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { PoolName } from "../../app/PoolName";
import { useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Definitions } from "../../components/Definitions";
import { ErrorView } from "../../components/ErrorView";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { AmountFields } from "../new-request/AmountFields";
import { BasisFields } from "../new-request/BasisFields";
import {
  allFaults,
  correctionOf,
  type Draft,
  draftFrom,
  type Faults,
  untouched,
} from "../new-request/draft";
import { FitPanel } from "../new-request/FitPanel";
import { NewApplicationFields } from "../new-request/NewApplicationFields";
import css from "../new-request/NewRequest.module.css";
import { useFieldName } from "../request/fieldName";
import { BackToRequest } from "../request/Pending";

const route = getRouteApi("/signed-in/requests/$department/$name/correct");

/** 补正: the form of a returned request, with the reviewer's note on top. */
export function CorrectPage() {
  const { t } = useTranslation();
  const { department, name } = route.useParams();
  // Read once: what is typed must not change under the reader's hands. Whether it is still the
  // version that was read, the API says when it is sent.
  const query = useQuery({
    ...showRequestOptions({ path: { department, name } }),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnMount: "always",
  });
  return (
    <>
      <PageHeader
        title={t("correct.title", { number: query.data?.number ?? name })}
        back={<BackToRequest request={{ department, name }} />}
      />
      <QueryView query={query} lines={10}>
        {(request) =>
          query.isFetchedAfterMount ? <Correction key={request.version} request={request} /> : null
        }
      </QueryView>
    </>
  );
}

function Correction({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>(() => draftFrom(request));
  const [faults, setFaults] = useState<Faults>({});
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const correct = useCorrect();
  const failure = correct.error ? toFailure(correct.error) : null;
  const standing = allFaults(draft);
  const marked = untouched(request, draft);
  // A field that the reviewer marked stays marked until it says something else.
  const fault = (path: string) => {
    const own = faults[path] && standing[path];
    if (own) return t(`fault.${own}`);
    return failure?.fieldMessage(path) ?? (marked.includes(path) ? t("correct.marked") : null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setFaults(standing);
    if (Object.keys(standing).length > 0) return;
    correct.mutate({
      path: { department: request.department, name: request.name },
      headers: { "If-Match": `"${request.version}"` },
      body: correctionOf(request, draft),
    });
  };
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [faults, correct.error]);
  const away = useWriteBlock();
  const blocked = away ?? request.correctionBlocked?.message ?? null;
  const fields = { draft, change, fault };
  return (
    <div className={css["columns"]}>
      <form
        ref={form}
        className={css["form"]}
        onSubmit={submit}
        noValidate
        aria-label={t("correct.form")}
      >
        <Note request={request} />
        <Panel title={t("newRequest.what")}>
          <Fixed request={request} />
          {request.type === "New" ? (
            <div className={css["grid"]}>
              <NewApplicationFields {...fields} />
            </div>
          ) : null}
        </Panel>
        {request.type === "Release" ? null : (
          <Panel title={t("newRequest.amounts")} extra={t("newRequest.amountsHint")}>
            <AmountFields {...fields} />
          </Panel>
        )}
        <Panel title={t("newRequest.why")}>
          <BasisFields {...fields} />
        </Panel>
        {correct.error ? <ErrorView error={correct.error} /> : null}
        {failure?.problem?.code === "VersionOld" ? <Newer request={request} /> : null}
        <div className={css["actions"]}>
          <ActionButton
            type="primary"
            size="large"
            htmlType="submit"
            blocked={blocked}
            loading={correct.isPending}
          >
            {t("correct.send")}
          </ActionButton>
        </div>
      </form>
      <div className={css["side"]}>
        <FitPanel draft={draft} corrects />
      </div>
    </div>
  );
}

function useCorrect() {
  const queries = useQueryClient();
  const navigate = route.useNavigate();
  return useMutation({
    ...correctRequestMutation(),
    onSuccess: ({ department, name }) => {
      void navigate({ to: "/requests/$department/$name", params: { department, name } });
      void queries.invalidateQueries();
    },
  });
}

/** Why it came back, and what of it is to be corrected. */
function Note({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const fieldName = useFieldName();
  const { returned } = request;
  if (!returned) {
    return <Notice tone="info" title={request.correctionBlocked?.message ?? t("correct.closed")} />;
  }
  return (
    <Notice tone="warning" title={`${t("request.returnedBy")} ${returned.byShort}`}>
      <p className={css["prose"]}>{returned.reason}</p>
      {returned.fields.length > 0 ? (
        <p>
          {t("request.toCorrect", {
            fields: returned.fields.map(fieldName).join(t("app.listSeparator")),
          })}
        </p>
      ) : null}
    </Notice>
  );
}

/** What a correction doesn't change: for another application or pool one asks anew. */
function Fixed({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <Definitions
      items={[
        { term: t("field.type"), value: words("requestType", request.type) },
        { term: t("field.department"), value: request.departmentName },
        { term: t("field.application"), value: request.applicationName || request.application },
        { term: t("field.pool"), value: <PoolName pool={request.pool} /> },
        ...(request.moveFrom
          ? [{ term: t("field.moveFrom"), value: <PoolName pool={request.moveFrom} /> }]
          : []),
      ]}
    />
  );
}

/** Somebody corrected it meanwhile: the request as it is now, beside what is typed here. */
function Newer({ request }: { request: RequestView }) {
  const { t } = useTranslation();
  const { department, name } = request;
  return (
    <Notice tone="warning" title={t("correct.newer")}>
      <a href={`/requests/${department}/${name}`} target="_blank" rel="noreferrer">
        {t("correct.seeNewer")}
      </a>
    </Notice>
  );
}
