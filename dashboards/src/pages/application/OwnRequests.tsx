import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { listRequestsOptions } from "../../api/generated/@tanstack/react-query.gen";
import { DataTable } from "../../components/DataTable";
import { EmptyView } from "../../components/EmptyView";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { requestColumns, requestKey } from "../requests/columns";

/** Enough for years of one application's requests; older ones are found in the list of all. */
const LATEST = 50;

export function OwnRequests({
  department,
  application,
}: {
  department: string;
  application: string;
}) {
  const { t } = useTranslation();
  const query = useQuery(
    listRequestsOptions({ query: { department, application, limit: LATEST } }),
  );
  useChanges(["QuotaRequest"], () => void query.refetch());
  return (
    <Panel title={t("application.tab.requests")} flush>
      <QueryView query={query}>
        {(data) => (
          <DataTable
            caption={t("application.tab.requests")}
            rows={data.items}
            rowKey={requestKey}
            empty={<EmptyView title={t("requests.noneForApplication")} />}
            columns={requestColumns(t, { application: false, department: false })}
          />
        )}
      </QueryView>
    </Panel>
  );
}
