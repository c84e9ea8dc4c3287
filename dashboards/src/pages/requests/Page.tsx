import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { Session } from "../../api/generated";
import { listRequestsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { chosen, PHASES, REQUEST_SORTS } from "../../app/choices";
import { RequestButton } from "../../app/RequestButton";
import { isDepartmentMember, isDepartmentOnly, isReviewer, useSession } from "../../app/session";
import { PAGE_SIZES, pageSize, useCursorPages } from "../../app/useCursorPages";
import { useSteadyRows } from "../../app/useSteadyRows";
import { DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { NewsBar } from "../../components/NewsBar";
import { PageHeader } from "../../components/PageHeader";
import { Pager } from "../../components/Pager";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SearchField } from "../../components/SearchField";
import { SelectField } from "../../components/SelectField";
import { TabBar } from "../../components/TabBar";
import { useWords } from "../../i18n/words";
import { requestColumns, requestKey } from "./columns";

const route = getRouteApi("/signed-in/requests");

const TABS = ["mine", "decide", "all"] as const;
type Tab = (typeof TABS)[number];

/** A reviewer's first question is what waits for him, everybody else's what became of his own. */
function firstTab(session: Session): Tab {
  if (isReviewer(session)) return "decide";
  return isDepartmentMember(session) ? "mine" : "all";
}

export function RequestsPage() {
  const { t } = useTranslation();
  const session = useSession();
  const search = route.useSearch();
  const tab = TABS.find((known) => known === search.tab) ?? firstTab(session);
  const waiting = useQuery({
    ...listRequestsOptions({ query: { waitingFor: "me", limit: 1 } }),
    enabled: isReviewer(session),
  });
  useChanges(["QuotaRequest"], () => {
    if (isReviewer(session)) void waiting.refetch();
  });
  return (
    <>
      <PageHeader
        title={t("nav.requests")}
        actions={<RequestButton>{t("requests.new")}</RequestButton>}
      />
      <TabBar
        label={t("requests.tabs")}
        current={tab}
        tabs={TABS.map((key) => ({
          key,
          label: t(`requests.tab.${key}`),
          count: key === "decide" ? waiting.data?.total : undefined,
        }))}
      />
      <List tab={tab} />
    </>
  );
}

function List({ tab }: { tab: Tab }) {
  const { t } = useTranslation();
  const words = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const own = isDepartmentOnly(useSession());
  const limit = pageSize(search);
  // The oldest due first in the queue of those who decide; the newest first elsewhere.
  const sort = chosen(REQUEST_SORTS, search.sort) ?? (tab === "decide" ? "dueAt" : "-createdAt");
  const query = useQuery({
    ...listRequestsOptions({
      query: {
        limit,
        sort,
        mine: tab === "mine" || undefined,
        waitingFor: tab === "decide" ? "me" : undefined,
        open: search.phase === "open" || undefined,
        phase: chosen(PHASES, search.phase),
        department: search.department,
        q: search.q,
        continue: search.cursor,
      },
    }),
    placeholderData: keepPreviousData,
  });
  useChanges(["QuotaRequest"], () => void query.refetch());
  const view = [tab, search.phase, search.department, search.q, sort, limit].join(" ");
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
          {tab === "decide" ? null : (
            <SelectField
              label={t("field.phase")}
              value={search.phase ?? ""}
              onChange={(phase) => change({ phase })}
              options={[
                { value: "", label: t("filter.all") },
                { value: "open", label: t("requests.open") },
                ...PHASES.map((phase) => ({ value: phase, label: words("phase", phase) })),
              ]}
            />
          )}
        </>
      }
      flush
    >
      <QueryView query={query} lines={8}>
        {(data) => (
          <>
            <NewsBar news={news} onAccept={accept} />
            <DataTable
              caption={t(`requests.tab.${tab}`)}
              columns={requestColumns(t, { application: true, department: !own })}
              rows={rows}
              rowKey={requestKey}
              fresh={fresh}
              sort={sort}
              onSort={(to) => change({ sort: to })}
              busy={query.isPlaceholderData}
              empty={<Nothing tab={tab} />}
            />
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

function Nothing({ tab }: { tab: Tab }) {
  const { t } = useTranslation();
  return (
    <EmptyView
      title={t(`requests.nothing.${tab}`)}
      action={tab === "mine" ? <Link to="/requests/new">{t("requests.new")}</Link> : null}
    />
  );
}
