import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { DeliveryView } from "../../api/generated";
import {
  listDeliveriesOptions,
  retryDeliveryMutation,
} from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { type Column, DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { ErrorView } from "../../components/ErrorView";
import { Mark } from "../../components/Mark";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { SelectField } from "../../components/SelectField";
import { minuteTime } from "../../lib/time";
import { Older } from "./Inbox";
import css from "./Notices.module.css";

const route = getRouteApi("/signed-in/notices");

const STATES = ["dead", "pending", "sent"] as const;
const TONES = { dead: "error", pending: "warning", sent: "success" } as const;

/** What became of notices that were sent elsewhere: first what nobody tries any more. */
export function Deliveries() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayRetry = hasRole(useSession(), "cloud-admin");
  const state = STATES.find((one) => one === search.state) ?? "dead";
  const query = useQuery({
    ...listDeliveriesOptions({ query: { state, continue: search.cursor } }),
    placeholderData: keepPreviousData,
  });
  const retry = useMutation({ ...retryDeliveryMutation(), onSuccess: () => void query.refetch() });
  const columns: Column<DeliveryView>[] = [
    {
      key: "title",
      title: t("notices.notice"),
      names: true,
      cell: (delivery) => (
        <span className={css["notice"]}>
          <span>{delivery.title}</span>
          {delivery.error ? <code className={css["body"]}>{delivery.error}</code> : null}
        </span>
      ),
    },
    {
      key: "channel",
      title: t("notices.channel"),
      cell: (delivery) => [delivery.channel, delivery.address].filter(Boolean).join(" · "),
    },
    {
      key: "state",
      title: t("notices.state"),
      cell: (delivery) => (
        <Mark tone={TONES[delivery.state]}>{t(`notices.states.${delivery.state}`)}</Mark>
      ),
    },
    {
      key: "attempts",
      title: t("notices.attempts"),
      figures: true,
      cell: (delivery) => delivery.attempts,
    },
    { key: "at", title: t("notices.at"), cell: (delivery) => minuteTime(delivery.updatedAt) },
    {
      key: "retry",
      title: <span className="visually-hidden">{t("notices.retry")}</span>,
      cell: (delivery) =>
        delivery.state === "dead" ? (
          <ActionButton
            blocked={mayRetry ? null : t("notices.retryBlocked")}
            onClick={() => retry.mutate({ path: { id: delivery.id } })}
          >
            {t("notices.retry")}
          </ActionButton>
        ) : null,
    },
  ];
  const counted = query.data;
  return (
    <Panel
      title={t("notices.deliveries")}
      toolbar={
        <SelectField
          label={t("notices.state")}
          value={state}
          onChange={(to) => void navigate({ search: { tab: "deliveries", state: to } })}
          options={STATES.map((value) => ({ value, label: t(`notices.states.${value}`) }))}
        />
      }
      extra={
        counted ? t("notices.counted", { pending: counted.pending, dead: counted.dead }) : null
      }
      flush
    >
      {retry.error ? <ErrorView error={retry.error} /> : null}
      <QueryView query={query} lines={6}>
        {(data) => (
          <>
            <DataTable
              caption={t("notices.deliveries")}
              columns={columns}
              rows={data.items}
              rowKey={(delivery) => delivery.id}
              busy={query.isPlaceholderData}
              empty={<EmptyView title={t("notices.noDeliveries")} />}
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
