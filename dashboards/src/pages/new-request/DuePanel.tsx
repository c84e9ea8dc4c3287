import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { showDueOptions, showPolicyOptions } from "../../api/generated/@tanstack/react-query.gen";
import { DueDate } from "../../components/DueDate";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import css from "./NewRequest.module.css";

/** A due date moves with the clock: after 17:30 it is another day's. */
const AGAIN_MS = 60_000;

/** Until when the acceptance is due if the request is sent now. */
export function DuePanel() {
  const { t } = useTranslation();
  const policy = useQuery(showPolicyOptions());
  const path = policy.data?.process.find((value) => value.key === "approval.path")?.value;
  const staged = path === "staged";
  const due = useQuery({
    ...showDueOptions({ query: { limit: "sla.accept" } }),
    enabled: staged,
    refetchInterval: AGAIN_MS,
    retry: false,
  });
  useChanges(["CloudPolicy", "WorkCalendar"], () => {
    void policy.refetch();
    if (staged) void due.refetch();
  });
  if (!path) return null;
  return (
    <Panel title={t("wizard.due.title")}>
      {staged ? (
        <QueryView query={due} lines={2}>
          {(data) => (
            <div className={css["due"]}>
              <p className={css["soft"]}>{t("wizard.due.now", { count: data.workdays })}</p>
              <DueDate due={data} />
            </div>
          )}
        </QueryView>
      ) : (
        <p className={css["soft"]}>{t("wizard.due.direct")}</p>
      )}
    </Panel>
  );
}
