import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { LinkView } from "../../api/generated";
import { listLinksOptions } from "../../api/generated/@tanstack/react-query.gen";
import { chosen } from "../../app/choices";
import { PAGE_SIZES, pageSize, useCursorPages } from "../../app/useCursorPages";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Pager } from "../../components/Pager";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SearchField } from "../../components/SearchField";
import { SelectField } from "../../components/SelectField";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { connected, STATES } from "./counts";
import css from "./Network.module.css";
import { StateMark } from "./StateMark";

const route = getRouteApi("/signed-in/network");

/** What stands above the first links; it has no object. */
export const CORE = "city-core";

/** The links that hang on one, or what is searched for below it. */
export function Links({ refreshMs }: { refreshMs: number }) {
  const { t } = useTranslation();
  const words = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const limit = pageSize(search);
  const state = chosen(STATES, search.state);
  const at = search.at ?? CORE;
  // A search goes through everything below; without one the next step down is enough.
  const place = search.q || state ? { under: at } : { uplink: at };
  const query = useQuery({
    ...listLinksOptions({
      query: { limit, q: search.q, state, continue: search.cursor, ...place },
    }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs,
  });
  const change = useCallback(
    (part: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...part, cursor: part.cursor }) }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q }), [change]);
  const view = [at, search.q, state, limit].join(" ");
  const pages = useCursorPages(view, search, (cursor) => change({ cursor }));
  const columns = useColumns();
  return (
    <Panel
      title={t("network.links")}
      toolbar={
        <>
          <SearchField
            label={t("network.search")}
            placeholder={t("network.search")}
            value={search.q ?? ""}
            onSearch={find}
          />
          <SelectField
            label={t("field.state")}
            value={search.state ?? ""}
            onChange={(value) => change({ state: value })}
            options={[
              { value: "", label: t("filter.all") },
              ...STATES.map((value) => ({ value, label: words("linkState", value) })),
            ]}
          />
        </>
      }
      flush
    >
      <QueryView query={query} lines={10}>
        {(data) => (
          <>
            <DataTable
              caption={t("network.links")}
              columns={columns}
              rows={data.items}
              rowKey={(link) => link.name}
              busy={query.isPlaceholderData}
              empty={
                <EmptyView
                  title={t(search.q || state ? "network.noneFound" : "network.nothingBelow")}
                  action={
                    search.q || state ? (
                      <Button onClick={() => change({ q: "", state: "" })}>
                        {t("filter.clear")}
                      </Button>
                    ) : null
                  }
                />
              }
            />
            <Pager
              before={pages.before}
              busy={query.isPlaceholderData}
              shown={data.items.length}
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

function useColumns(): Column<LinkView>[] {
  const { t } = useTranslation();
  const words = useWords();
  return [
    {
      key: "name",
      title: t("network.link"),
      names: true,
      cell: (link) => (
        <span className={css["what"]}>
          <Link to="/network" search={{ at: link.name }}>
            {link.displayName}
          </Link>
          <small>
            {words("linkLevel", link.level)} · {link.name}
          </small>
        </span>
      ),
    },
    {
      key: "state",
      title: t("field.state"),
      cell: (link) => (
        <span className={css["what"]}>
          <span>
            <StateMark state={link.state} />
          </span>
          {link.rootCause ? (
            <small>{t("network.becauseOf", { name: link.rootCause })}</small>
          ) : null}
        </span>
      ),
    },
    {
      key: "since",
      title: t("network.since"),
      className: css["time"],
      cell: (link) => dateTime(link.since) ?? "—",
    },
    {
      key: "below",
      title: t("network.below"),
      figures: true,
      cell: (link) =>
        link.below.total === 0 ? "—" : `${connected(link.below)} / ${link.below.total}`,
    },
    {
      key: "rtt",
      title: t("network.rtt"),
      figures: true,
      cell: (link) => (link.rttP50Millis === null ? "—" : `${link.rttP50Millis} ms`),
    },
    {
      key: "loss",
      title: t("network.loss"),
      figures: true,
      cell: (link) => (link.lossPercent === null ? "—" : `${link.lossPercent}%`),
    },
    {
      key: "month",
      title: t("network.month"),
      figures: true,
      cell: (link) => (link.month?.percent == null ? "—" : `${link.month.percent}%`),
    },
  ];
}
