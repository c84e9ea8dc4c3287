import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { address } from "../../api/download";
import type { AuditView } from "../../api/generated";
import { listAuditOptions } from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession } from "../../app/session";
import { useCursorPages } from "../../app/useCursorPages";
import { type Column, DataTable } from "../../components/DataTable";
import { DownloadButton } from "../../components/DownloadButton";
import { EmptyView } from "../../components/EmptyView";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { ActDialog } from "./ActDialog";
import css from "./Audit.module.css";
import { Chain } from "./Chain";
import { type Filters, queryOf } from "./filters";
import { Outcome } from "./Outcome";
import { SearchForm } from "./SearchForm";

const route = getRouteApi("/signed-in/audit");

/** Who did what, and what came of it; and whether that record is still the one that was written. */
export function AuditPage() {
  const { t } = useTranslation();
  if (!hasRole(useSession(), "cloud-admin", "auditor")) {
    return (
      <>
        <PageHeader title={t("nav.audit")} />
        <Notice tone="warning" title={t("audit.notForYou")} />
      </>
    );
  }
  return <Audit />;
}

function Audit() {
  const { t } = useTranslation();
  const { cursor, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const find = (wanted: Filters) => void navigate({ search: wanted });
  return (
    <>
      <PageHeader
        title={t("nav.audit")}
        actions={
          <DownloadButton path={address("/api/v1/audit/export", queryOf(filters))}>
            {t("export.csv")}
          </DownloadButton>
        }
      />
      <div className={css["page"]}>
        <Chain />
        <Panel title={t("audit.search")}>
          <SearchForm filters={filters} onSearch={find} />
        </Panel>
        <Acts filters={filters} cursor={cursor} onFind={find} />
      </div>
    </>
  );
}

interface ActsProps {
  filters: Filters;
  cursor: string | undefined;
  onFind: (filters: Filters) => void;
}

function Acts({ filters, cursor, onFind }: ActsProps) {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<AuditView | null>(null);
  const query = useQuery({
    ...listAuditOptions({ query: { ...queryOf(filters), continue: cursor } }),
    placeholderData: keepPreviousData,
  });
  const pages = useCursorPages(JSON.stringify(filters), cursor ? { cursor } : {}, (to) => {
    void navigate({ search: (before) => ({ ...before, cursor: to }) });
  });
  const columns = useColumns(setShown);
  return (
    <Panel
      title={t("audit.acts")}
      extra={
        <Button loading={query.isFetching} onClick={() => void query.refetch()}>
          {t("audit.refresh")}
        </Button>
      }
      flush
    >
      <QueryView query={query} lines={12}>
        {(data) => (
          <>
            <DataTable
              caption={t("audit.acts")}
              columns={columns}
              rows={data.items}
              rowKey={(act) => String(act.seq)}
              busy={query.isPlaceholderData}
              empty={
                <EmptyView
                  title={t("audit.empty")}
                  action={<Button onClick={() => onFind({})}>{t("filter.clear")}</Button>}
                />
              }
            />
            <nav className={css["pages"]} aria-label={t("table.pages")}>
              <Button disabled={!cursor} onClick={pages.first}>
                {t("notices.newest")}
              </Button>
              <Button disabled={!pages.previous} onClick={() => pages.previous?.()}>
                {t("table.previous")}
              </Button>
              <Button
                disabled={!data.continue || query.isPlaceholderData}
                onClick={() => data.continue && pages.next(data.continue)}
              >
                {t("notices.older")}
              </Button>
            </nav>
          </>
        )}
      </QueryView>
      {shown ? (
        <ActDialog
          act={shown}
          onClose={() => setShown(null)}
          onFind={(wanted) => {
            setShown(null);
            onFind(wanted);
          }}
        />
      ) : null}
    </Panel>
  );
}

function useColumns(show: (act: AuditView) => void): Column<AuditView>[] {
  const { t } = useTranslation();
  const words = useWords();
  return [
    {
      key: "operation",
      title: t("audit.operation"),
      names: true,
      cell: (act) => (
        <span className={css["what"]}>
          {words("auditOperation", act.operation)}
          <small>{act.object}</small>
        </span>
      ),
    },
    {
      key: "outcome",
      title: t("audit.outcome"),
      cell: (act) => <Outcome act={act} />,
    },
    {
      key: "actor",
      title: t("audit.actor"),
      cell: (act) => (
        <span className={css["what"]} title={act.actor}>
          {act.actorShort || t(act.source === "Rest" ? "audit.nobody" : "audit.system")}
          <small>{[words("auditVia", act.via), act.address].filter(Boolean).join(" · ")}</small>
        </span>
      ),
    },
    { key: "at", title: t("audit.at"), className: css["time"], cell: (act) => dateTime(act.at) },
    {
      key: "reason",
      title: t("audit.reason"),
      className: css["reason"],
      cell: (act) => act.reason || "—",
    },
    {
      key: "more",
      title: <span className="visually-hidden">{t("audit.more")}</span>,
      cell: (act) => (
        <Button aria-label={t("audit.moreOf", { seq: act.seq })} onClick={() => show(act)}>
          {t("audit.more")}
        </Button>
      ),
    },
  ];
}
