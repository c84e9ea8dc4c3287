import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { listApplicationsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { APPLICATION_SORTS, chosen, STATES, TIERS, ZONES } from "../../app/choices";
import { RequestButton } from "../../app/RequestButton";
import { hasRole, isDepartmentOnly, useSession } from "../../app/session";
import { PAGE_SIZES, pageSize, useCursorPages } from "../../app/useCursorPages";
import { useSteadyRows } from "../../app/useSteadyRows";
import { DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { ExportButtons } from "../../components/ExportButtons";
import { ImportButton } from "../../components/ImportButton";
import { NewsBar } from "../../components/NewsBar";
import { PageHeader } from "../../components/PageHeader";
import { Pager } from "../../components/Pager";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { applicationColumns, applicationKey } from "./columns";
import { Filters } from "./Filters";

const route = getRouteApi("/signed-in/applications");

/** All applications the reader may see, filtered, sorted and paged by the server. */
export function ApplicationsPage() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const own = isDepartmentOnly(session);
  const { cursor, ...filters } = search;
  const view = JSON.stringify(filters);
  const limit = pageSize(search);
  const sort = chosen(APPLICATION_SORTS, search.sort) ?? "displayName";
  const query = useQuery({
    ...listApplicationsOptions({
      query: {
        q: filters.q,
        department: filters.department,
        pool: filters.pool,
        tier: chosen(TIERS, filters.tier),
        zone: chosen(ZONES, filters.zone),
        state: chosen(STATES, filters.state),
        sort,
        limit,
        continue: cursor,
      },
    }),
    placeholderData: keepPreviousData,
  });
  useChanges(["Application", "Allocation"], () => void query.refetch());
  const list = query.data;
  const { rows, news, fresh, accept } = useSteadyRows(
    query.isPlaceholderData ? undefined : list?.items,
    `${view} ${cursor ?? ""}`,
    applicationKey,
  );
  const change = useCallback(
    (part: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...part, cursor: part.cursor }) }),
    [navigate],
  );
  const pages = useCursorPages(view, search, (to) => change({ cursor: to }));
  const columns = applicationColumns(t, own);
  return (
    <>
      <PageHeader
        title={own ? t("nav.myApplications") : t("nav.applications")}
        asOf={list?.asOf}
        actions={
          <>
            <ExportButtons
              list="applications"
              query={{
                q: filters.q,
                department: filters.department,
                pool: filters.pool,
                tier: chosen(TIERS, filters.tier),
                zone: chosen(ZONES, filters.zone),
                state: chosen(STATES, filters.state),
                sort,
              }}
            />
            {own ? null : (
              <ImportButton
                kind="applications"
                blocked={hasRole(session, "cloud-admin") ? null : t("import.onlyAdmins")}
              >
                {t("import.applications")}
              </ImportButton>
            )}
            <RequestButton search={{ type: "New" }}>{t("applications.requestNew")}</RequestButton>
          </>
        }
      />
      <Panel
        title={t("applications.list")}
        toolbar={<Filters search={search} change={change} />}
        flush
      >
        <QueryView query={query} lines={12}>
          {(data) => (
            <>
              <NewsBar news={news} onAccept={accept} />
              <DataTable
                caption={t("applications.list")}
                columns={columns}
                rows={rows}
                rowKey={applicationKey}
                fresh={fresh}
                sort={sort}
                onSort={(to) => change({ sort: to })}
                busy={query.isPlaceholderData}
                empty={
                  <EmptyView
                    title={t("applications.empty")}
                    action={
                      <Button onClick={() => void navigate({ search: {} })}>
                        {t("filter.clear")}
                      </Button>
                    }
                  />
                }
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
    </>
  );
}
