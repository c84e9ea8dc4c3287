import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { NoticeView } from "../../api/generated";
import {
  listNoticesOptions,
  listNoticesQueryKey,
  readNoticesMutation,
} from "../../api/generated/@tanstack/react-query.gen";
import { queryClient } from "../../app/queries";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { ErrorView } from "../../components/ErrorView";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SelectField } from "../../components/SelectField";
import { minuteTime } from "../../lib/time";
import css from "./Notices.module.css";

const route = getRouteApi("/signed-in/notices");

/** Every list of notices, the bell's included. */
function refresh(): void {
  const [key] = listNoticesQueryKey();
  void queryClient.invalidateQueries({ queryKey: [{ _id: key._id }] });
}

export function Inbox() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const unread = search.unread === "true";
  const query = useQuery({
    ...listNoticesOptions({
      query: { ...(unread ? { unread } : {}), continue: search.cursor },
    }),
    placeholderData: keepPreviousData,
  });
  useChanges(["QuotaRequest", "Allocation", "ResourcePool"], () => void query.refetch());
  const read = useMutation({ ...readNoticesMutation(), onSuccess: refresh });
  const columns: Column<NoticeView>[] = [
    {
      key: "title",
      title: t("notices.notice"),
      names: true,
      cell: (notice) => (
        <span className={css["notice"]}>
          <span className={css["title"]}>
            <Link
              to={notice.path as "/"}
              onClick={() => notice.read || read.mutate({ body: { ids: [notice.id] } })}
            >
              {notice.title}
            </Link>
            {notice.read ? null : <Mark tone="info">{t("notices.new")}</Mark>}
          </span>
          <span className={css["body"]}>{notice.body}</span>
        </span>
      ),
    },
    { key: "at", title: t("notices.at"), cell: (notice) => minuteTime(notice.at) },
  ];
  return (
    <Panel
      title={t("notices.inbox")}
      toolbar={
        <SelectField
          label={t("notices.show")}
          value={unread ? "true" : ""}
          onChange={(value) => void navigate({ search: value ? { unread: value } : {} })}
          options={[
            { value: "", label: t("filter.all") },
            { value: "true", label: t("notices.unreadOnly") },
          ]}
        />
      }
      extra={
        <Button
          loading={read.isPending}
          disabled={!query.data?.unread}
          onClick={() => read.mutate({ body: { all: true } })}
        >
          {t("notices.readAll")}
        </Button>
      }
      flush
    >
      {read.error ? <ErrorView error={read.error} /> : null}
      <QueryView query={query} lines={8}>
        {(data) => (
          <>
            <DataTable
              caption={t("notices.inbox")}
              columns={columns}
              rows={data.items}
              rowKey={(notice) => notice.id}
              busy={query.isPlaceholderData}
              empty={<EmptyView title={t("notices.empty")} />}
            />
            <Older
              first={!search.cursor}
              next={data.continue}
              go={(cursor) => void navigate({ search: (before) => ({ ...before, cursor }) })}
            />
          </>
        )}
      </QueryView>
    </Panel>
  );
}

/** The way through a list that nobody counts: on to what is older, and back to the newest. */
export function Older(props: {
  first: boolean;
  next: string | null;
  go: (cursor: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const { first, next, go } = props;
  if (first && !next) return null;
  return (
    <nav className={css["older"]} aria-label={t("table.pages")}>
      {first ? null : <Button onClick={() => go(undefined)}>{t("notices.newest")}</Button>}
      {next ? <Button onClick={() => go(next)}>{t("notices.older")}</Button> : null}
    </nav>
  );
}
