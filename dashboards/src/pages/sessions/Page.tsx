import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { setCsrfToken } from "../../api/client";
import type { SessionView } from "../../api/generated";
import {
  endSessionMutation,
  listSessionsOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { queryClient } from "../../app/queries";
import { type Column, DataTable } from "../../components/DataTable";
import { Dialog } from "../../components/Dialog";
import { EmptyView } from "../../components/EmptyView";
import { ErrorView } from "../../components/ErrorView";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { minuteTime } from "../../lib/time";
import { browserName } from "./browser";
import css from "./Sessions.module.css";

/** Where the person is signed in, and how to end that. */
export function SessionsPage() {
  const { t } = useTranslation();
  const query = useQuery(listSessionsOptions());
  const [ending, setEnding] = useState<SessionView | null>(null);
  const end = useEnding(() => void query.refetch());
  const columns: Column<SessionView>[] = [
    {
      key: "session",
      title: t("sessions.session"),
      names: true,
      cell: (session) => (
        <span className={css["session"]} title={session.agent}>
          <span className={css["agent"]}>
            {browserName(session.agent) ?? t("sessions.unknownAgent")}
            {session.current ? <Mark tone="success">{t("sessions.current")}</Mark> : null}
          </span>
          <span className={css["address"]}>
            {t(`sessions.with.${session.openedWith}`)} · {session.address}
          </span>
        </span>
      ),
    },
    {
      key: "openedAt",
      title: t("sessions.openedAt"),
      cell: (session) => minuteTime(session.openedAt),
    },
    {
      key: "seenAt",
      title: t("sessions.seenAt"),
      className: css["wide"],
      cell: (session) => minuteTime(session.seenAt),
    },
    {
      key: "endsAt",
      title: t("sessions.endsAt"),
      cell: (session) => (
        <span title={t("sessions.idle", { at: minuteTime(session.idleEndsAt) })}>
          {minuteTime(session.endsAt)}
        </span>
      ),
    },
    {
      key: "end",
      title: <span className="visually-hidden">{t("sessions.end")}</span>,
      cell: (session) => (
        <Button
          aria-label={t("sessions.endLabel", { since: minuteTime(session.openedAt) })}
          onClick={() => setEnding(session)}
        >
          {t("sessions.end")}
        </Button>
      ),
    },
  ];
  const close = () => setEnding(null);
  const submit = () => {
    if (ending) end.mutate(ending, { onSettled: close });
  };
  return (
    <>
      <PageHeader title={t("sessions.title")} />
      <p className={css["lead"]}>{t("sessions.lead")}</p>
      {end.error ? <ErrorView error={end.error} /> : null}
      {end.isSuccess ? <Notice tone="success" role="status" title={t("sessions.ended")} /> : null}
      <Panel title={t("sessions.title")} flush>
        <QueryView query={query} lines={3}>
          {(data) => (
            <DataTable
              caption={t("sessions.title")}
              columns={columns}
              rows={data.items}
              rowKey={(session) => session.id}
              empty={<EmptyView title={t("sessions.none")} />}
            />
          )}
        </QueryView>
      </Panel>
      {ending ? (
        <Dialog
          title={t("sessions.endTitle")}
          onClose={close}
          onSubmit={submit}
          actions={
            <>
              <Button onClick={close}>{t("sessions.cancel")}</Button>
              <Button danger type="primary" htmlType="submit" loading={end.isPending}>
                {t("sessions.end")}
              </Button>
            </>
          }
        >
          <p>
            {browserName(ending.agent) ?? t("sessions.unknownAgent")} · {ending.address} ·{" "}
            {minuteTime(ending.openedAt)}
          </p>
          <p>{t(ending.current ? "sessions.endOwn" : "sessions.endText")}</p>
        </Dialog>
      ) : null}
    </>
  );
}

/** Ends a session; the own one takes the person to the sign-in page. */
function useEnding(refetch: () => void) {
  const navigate = useNavigate();
  const mutation = endSessionMutation();
  return useMutation({
    mutationFn: async (session: SessionView, context) => {
      if (!mutation.mutationFn)
        throw new Error("the generated client has no call to end a session");
      return mutation.mutationFn({ path: { id: session.id } }, context);
    },
    onSuccess: (_, session) => {
      if (!session.current) {
        refetch();
        return;
      }
      setCsrfToken(null);
      queryClient.clear();
      void navigate({ to: "/sign-in" });
    },
  });
}
