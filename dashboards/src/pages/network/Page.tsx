import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import { showNetworkOptions } from "../../api/generated/@tanstack/react-query.gen";
import { seesNetwork, useSession } from "../../app/session";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { Incidents } from "./Incidents";
import { Levels } from "./Levels";
import { LinkFacts } from "./LinkFacts";
import { CORE, Links } from "./Links";
import css from "./Network.module.css";
import { Vantage } from "./Vantage";

const route = getRouteApi("/signed-in/network");

/** Links change without an event of their own, thousands at once where a county is cut. */
const REFRESH_MS = 2_000;

/** What of the extranet is there, what is broken and since when, from the core down to the village. */
export function NetworkPage() {
  const { t } = useTranslation();
  if (!seesNetwork(useSession())) {
    return (
      <>
        <PageHeader title={t("nav.network")} />
        <Notice tone="warning" title={t("network.notForYou")} />
      </>
    );
  }
  return <Network />;
}

function Network() {
  const { t } = useTranslation();
  const search = route.useSearch();
  // What stands above the first links has no object, and is this page without a link.
  const at = search.at === CORE ? undefined : search.at;
  const query = useQuery({ ...showNetworkOptions(), refetchInterval: REFRESH_MS });
  useChanges(["LinkIncident"], () => void query.refetch());
  const open = query.data?.openIncidents ?? 0;
  return (
    <>
      <PageHeader
        title={t("nav.network")}
        asOf={query.data?.asOf}
        tags={
          query.data ? (
            <Mark tone={open > 0 ? "error" : "success"}>
              {open > 0 ? t("network.openCount", { count: open }) : t("network.noneOpen")}
            </Mark>
          ) : null
        }
      />
      <div className={css["page"]}>
        <QueryView query={query} lines={6}>
          {(network) => (
            <>
              <Vantage network={network} />
              {at ? null : (
                <Panel title={t("network.levels")} flush>
                  <Levels network={network} />
                </Panel>
              )}
            </>
          )}
        </QueryView>
        {at ? <LinkFacts name={at} refreshMs={REFRESH_MS} /> : null}
        <Incidents link={at} />
        <Links refreshMs={REFRESH_MS} />
      </div>
    </>
  );
}
