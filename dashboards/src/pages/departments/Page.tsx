import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { DepartmentView } from "../../api/generated";
import { listDepartmentsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { chosen, DEPARTMENT_SORTS, TIERS } from "../../app/choices";
import { hasRole, useSession } from "../../app/session";
import { PAGE_SIZES, pageSize, useCursorPages } from "../../app/useCursorPages";
import { useSteadyRows } from "../../app/useSteadyRows";
import { ExactAmount } from "../../components/Amount";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Mark } from "../../components/Mark";
import { ExportButtons } from "../../components/ExportButtons";
import { ImportButton } from "../../components/ImportButton";
import { NewsBar } from "../../components/NewsBar";
import { PageHeader } from "../../components/PageHeader";
import { Pager } from "../../components/Pager";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SearchField } from "../../components/SearchField";
import { SelectField } from "../../components/SelectField";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource, readAmount } from "../../lib/amount";
import css from "./Departments.module.css";

const route = getRouteApi("/signed-in/departments");

const keyOf = (department: DepartmentView) => department.name;

/** All units that use the cloud, paged by the server. */
export function DepartmentsPage() {
  const { t } = useTranslation();
  const words = useWords();
  const session = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const limit = pageSize(search);
  const sort = chosen(DEPARTMENT_SORTS, search.sort) ?? "displayName";
  const tier = chosen(TIERS, search.tier);
  const query = useQuery({
    ...listDepartmentsOptions({
      query: {
        limit,
        sort,
        q: search.q,
        tier,
        continue: search.cursor,
      },
    }),
    placeholderData: keepPreviousData,
  });
  useChanges(["Department", "PoolLedger"], () => void query.refetch());
  const view = [search.q, tier, sort, limit].join(" ");
  const { rows, news, fresh, accept } = useSteadyRows(
    query.isPlaceholderData ? undefined : query.data?.items,
    `${view} ${search.cursor ?? ""}`,
    keyOf,
  );
  const change = useCallback(
    (part: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...part, cursor: part.cursor }) }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q }), [change]);
  const pages = useCursorPages(view, search, (cursor) => change({ cursor }));
  const columns = useColumns();
  return (
    <>
      <PageHeader
        title={t("nav.departments")}
        asOf={query.data?.asOf}
        actions={
          <>
            <ExportButtons list="departments" query={{ q: search.q, tier, sort }} />
            <ImportButton
              kind="departments"
              blocked={hasRole(session, "cloud-admin") ? null : t("import.onlyAdmins")}
            >
              {t("import.departments")}
            </ImportButton>
          </>
        }
      />
      <Panel
        title={t("departments.list")}
        toolbar={
          <>
            <SearchField
              label={t("departments.search")}
              placeholder={t("departments.search")}
              value={search.q ?? ""}
              onSearch={find}
            />
            <SelectField
              label={t("field.tier")}
              value={search.tier ?? ""}
              onChange={(value) => change({ tier: value })}
              options={[
                { value: "", label: t("filter.all") },
                ...TIERS.map((value) => ({ value, label: words("tier", value) })),
              ]}
            />
          </>
        }
        flush
      >
        <QueryView query={query} lines={12}>
          {(data) => (
            <>
              <NewsBar news={news} onAccept={accept} />
              <DataTable
                caption={t("departments.list")}
                columns={columns}
                rows={rows}
                rowKey={keyOf}
                fresh={fresh}
                sort={sort}
                onSort={(to) => change({ sort: to })}
                busy={query.isPlaceholderData}
                empty={
                  <EmptyView
                    title={t("departments.empty")}
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

function useColumns(): Column<DepartmentView>[] {
  const { t } = useTranslation();
  const words = useWords();
  return [
    {
      key: "name",
      title: t("field.department"),
      sortBy: "displayName",
      names: true,
      className: css["name"],
      cell: (department) => (
        <span className={css["title"]}>
          <Link to="/departments/$department" params={{ department: department.name }}>
            {department.displayName}
          </Link>
          {department.sample ? <Mark tone="info">{t("sample.mark")}</Mark> : null}
        </span>
      ),
    },
    {
      key: "tier",
      title: t("field.tier"),
      sortBy: "tier",
      cell: (department) => words("tier", department.tier),
    },
    {
      key: "applications",
      title: t("figures.applications"),
      sortBy: "applications",
      figures: true,
      cell: (department) => department.applications.toLocaleString("en-US"),
    },
    ...RESOURCES.map((resource) => ({
      key: resource,
      title: words("resource", resource),
      figures: true,
      cell: (department: DepartmentView) => (
        <ExactAmount resource={resource} exact={grantedOf(department, resource)} />
      ),
    })),
  ];
}

/** All pools together. */
function grantedOf(department: DepartmentView, resource: Resource): bigint {
  return department.granted.reduce(
    (sum, grant) => sum + (readAmount(resource, grant.granted[resource]) ?? 0n),
    0n,
  );
}
