import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { RequestView, Session } from "../../api/generated";
import { listRequestsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { chosen, PHASES, phasesOf, REQUEST_SORTS, STAGES } from "../../app/choices";
import { RequestButton } from "../../app/RequestButton";
import { isDepartmentMember, isDepartmentOnly, isReviewer, useSession } from "../../app/session";
import { PAGE_SIZES, pageSize, useCursorPages } from "../../app/useCursorPages";
import { useRowKeys } from "../../app/useRowKeys";
import { useSteadyRows } from "../../app/useSteadyRows";
import { ActionButton } from "../../components/ActionButton";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { ExportButtons } from "../../components/ExportButtons";
import { ImportButton } from "../../components/ImportButton";
import { NewsBar } from "../../components/NewsBar";
import { PageHeader } from "../../components/PageHeader";
import { Pager } from "../../components/Pager";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SearchField } from "../../components/SearchField";
import { SelectField } from "../../components/SelectField";
import { TabBar } from "../../components/TabBar";
import { useWords } from "../../i18n/words";
import { BatchAccept, isAcceptable } from "./BatchAccept";
import { requestColumns, requestKey } from "./columns";
import css from "./Requests.module.css";

const route = getRouteApi("/signed-in/requests");

const TABS = ["waiting", "mine", "open", "closed"] as const;
type Tab = (typeof TABS)[number];

/** Whoever only looks on has nothing of his own, and nothing waits for him. */
function tabsOf(session: Session): Tab[] {
  const member = isDepartmentMember(session);
  return TABS.filter((tab) => {
    if (tab === "mine") return member;
    return tab !== "waiting" || member || isReviewer(session);
  });
}

/** A reviewer's first question is what waits for him, a department's what became of its own. */
function firstTab(session: Session): Tab {
  if (isReviewer(session)) return "waiting";
  return isDepartmentMember(session) ? "mine" : "open";
}

export function RequestsPage() {
  const { t } = useTranslation();
  const session = useSession();
  const search = route.useSearch();
  const tabs = tabsOf(session);
  const tab = tabs.find((known) => known === search.tab) ?? firstTab(session);
  const waiting = useQuery({
    ...listRequestsOptions({ query: { waitingFor: "me", limit: 1 } }),
    enabled: tabs.includes("waiting"),
  });
  useChanges(["QuotaRequest"], () => {
    if (tabs.includes("waiting")) void waiting.refetch();
  });
  return (
    <>
      <PageHeader
        title={t("nav.requests")}
        actions={
          <>
            <ImportButton
              kind="requests"
              blocked={isDepartmentMember(session) ? null : t("requests.onlyDepartments")}
            >
              {t("import.requests")}
            </ImportButton>
            <ImportButton
              kind="request-form"
              blocked={isDepartmentMember(session) ? null : t("requests.onlyDepartments")}
            >
              {t("import.form")}
            </ImportButton>
            <RequestButton>{t("requests.new")}</RequestButton>
          </>
        }
      />
      <TabBar
        label={t("requests.tabs")}
        current={tab}
        tabs={tabs.map((key) => ({
          key,
          label: t(`requests.tab.${key}`),
          count: key === "waiting" ? waiting.data?.total : undefined,
        }))}
      />
      <List tab={tab} />
    </>
  );
}

function List({ tab }: { tab: Tab }) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const own = isDepartmentOnly(useSession());
  const limit = pageSize(search);
  // What is due first stands first while it is open; elsewhere the newest.
  const sort =
    chosen(REQUEST_SORTS, search.sort) ??
    (tab === "waiting" || tab === "open" ? "dueAt" : "-createdAt");
  const query = useQuery({
    ...listRequestsOptions({
      query: {
        limit,
        sort,
        mine: tab === "mine" || undefined,
        waitingFor: tab === "waiting" ? "me" : undefined,
        open: tab === "open" ? true : tab === "closed" ? false : undefined,
        phase: chosen(PHASES, search.phase),
        stage: chosen(STAGES, search.stage),
        overdue: search.overdue === "yes" || undefined,
        department: search.department,
        q: search.q,
        continue: search.cursor,
      },
    }),
    placeholderData: keepPreviousData,
  });
  useChanges(["QuotaRequest"], () => void query.refetch());
  const view = [
    tab,
    search.phase,
    search.stage,
    search.overdue,
    search.department,
    search.q,
    sort,
    limit,
  ].join(" ");
  const { rows, news, fresh, accept } = useSteadyRows(
    query.isPlaceholderData ? undefined : query.data?.items,
    `${view} ${search.cursor ?? ""}`,
    requestKey,
  );
  const change = useCallback(
    (part: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...part, cursor: part.cursor }) }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q }), [change]);
  const pages = useCursorPages(view, search, (cursor) => change({ cursor }));
  const frame = useRowKeys();
  const batch = useBatch(tab === "waiting" ? rows : []);
  const columns = requestColumns(t, { application: true, department: !own });
  return (
    <Panel
      title={t(`requests.tab.${tab}`)}
      toolbar={
        <>
          <SearchField
            label={t("requests.search")}
            placeholder={t("requests.search")}
            value={search.q ?? ""}
            onSearch={find}
          />
          <Filters tab={tab} search={search} change={change} />
          {batch.action}
        </>
      }
      extra={
        <ExportButtons
          list="requests"
          query={{
            sort,
            mine: tab === "mine" ? "true" : undefined,
            waitingFor: tab === "waiting" ? "me" : undefined,
            open: tab === "open" ? "true" : tab === "closed" ? "false" : undefined,
            phase: chosen(PHASES, search.phase),
            stage: chosen(STAGES, search.stage),
            overdue: search.overdue === "yes" ? "true" : undefined,
            department: search.department,
            q: search.q,
          }}
        />
      }
      flush
    >
      <QueryView query={query} lines={8}>
        {(data) => (
          <>
            <NewsBar news={news} onAccept={accept} />
            <div ref={frame}>
              <DataTable
                caption={t(`requests.tab.${tab}`)}
                columns={batch.column ? [batch.column, ...columns] : columns}
                rows={rows}
                rowKey={requestKey}
                fresh={fresh}
                sort={sort}
                onSort={(to) => change({ sort: to })}
                busy={query.isPlaceholderData}
                empty={<Nothing tab={tab} />}
              />
            </div>
            <Pager
              before={pages.before}
              busy={query.isPlaceholderData}
              shown={rows.length}
              total={data.total}
              size={limit}
              sizes={PAGE_SIZES}
              hasNext={Boolean(data.continue)}
              onFirst={pages.first}
              onPrevious={pages.previous}
              onNext={() => data.continue && pages.next(data.continue)}
              onSize={(size) => change({ limit: String(size) })}
            />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

/** Choosing several to accept at once: a column of boxes, and the button that goes on with them. */
function useBatch(rows: RequestView[]) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [accepting, setAccepting] = useState<RequestView[] | null>(null);
  const acceptable = rows.filter(isAcceptable);
  const picked = acceptable.filter((request) => chosen.has(requestKey(request)));
  const all = acceptable.length > 0 && picked.length === acceptable.length;
  if (acceptable.length === 0 && !accepting) return { column: null, action: null };
  const column: Column<RequestView> = {
    key: "chosen",
    title: (
      <input
        type="checkbox"
        className={css["box"]}
        aria-label={t("batch.all")}
        checked={all}
        ref={(box) => {
          if (box) box.indeterminate = picked.length > 0 && !all;
        }}
        onChange={() => setChosen(new Set(all ? [] : acceptable.map(requestKey)))}
      />
    ),
    cell: (request) => {
      const key = requestKey(request);
      return isAcceptable(request) ? (
        <input
          type="checkbox"
          className={css["box"]}
          aria-label={t("batch.one", { number: request.number ?? request.name })}
          checked={chosen.has(key)}
          onChange={() =>
            setChosen((before) => {
              const after = new Set(before);
              if (!after.delete(key)) after.add(key);
              return after;
            })
          }
        />
      ) : null;
    },
  };
  const action = (
    <>
      <ActionButton
        type="primary"
        blocked={picked.length === 0 ? t("batch.chooseFirst") : null}
        onClick={() => setAccepting(picked)}
      >
        {t("batch.open", { count: picked.length })}
      </ActionButton>
      {accepting ? (
        <BatchAccept
          requests={accepting}
          onClose={() => {
            setAccepting(null);
            setChosen(new Set());
          }}
        />
      ) : null}
    </>
  );
  return { column, action };
}

interface FiltersProps {
  tab: Tab;
  search: { phase?: string; stage?: string; overdue?: string };
  change: (part: { phase?: string; stage?: string; overdue?: string }) => void;
}

function Filters({ tab, search, change }: FiltersProps) {
  const { t } = useTranslation();
  const words = useWords();
  const all = { value: "", label: t("filter.all") };
  const inReview = tab === "waiting" || tab === "open";
  return (
    <>
      {tab === "waiting" ? null : (
        <SelectField
          label={t("field.phase")}
          value={search.phase ?? ""}
          onChange={(phase) => change({ phase })}
          options={[
            all,
            ...phasesOf(tab === "mine" ? "all" : tab).map((phase) => ({
              value: phase,
              label: words("phase", phase),
            })),
          ]}
        />
      )}
      {inReview ? (
        <>
          <SelectField
            label={t("field.stage")}
            value={search.stage ?? ""}
            onChange={(stage) => change({ stage })}
            options={[
              all,
              ...STAGES.map((stage) => ({ value: stage, label: words("stage", stage) })),
            ]}
          />
          <SelectField
            label={t("field.due")}
            value={search.overdue ?? ""}
            onChange={(overdue) => change({ overdue })}
            options={[all, { value: "yes", label: t("due.overdue") }]}
          />
          <span className={css["keys"]}>{t("requests.keys")}</span>
        </>
      ) : null}
    </>
  );
}

function Nothing({ tab }: { tab: Tab }) {
  const { t } = useTranslation();
  return (
    <EmptyView
      title={t(`requests.nothing.${tab}`)}
      action={tab === "mine" ? <Link to="/requests/new">{t("requests.new")}</Link> : null}
    />
  );
}
