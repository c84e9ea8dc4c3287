import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { hasRole, useSession } from "../../app/session";
import { PageHeader } from "../../components/PageHeader";
import { TabBar } from "../../components/TabBar";
import { Deliveries } from "./Deliveries";
import { Inbox } from "./Inbox";
import { Preferences } from "./Preferences";

const route = getRouteApi("/signed-in/notices");

/** What the person must hear of, what he wants to hear, and for admins what got through. */
export function NoticesPage() {
  const { t } = useTranslation();
  const { tab = "inbox" } = route.useSearch();
  const seesDeliveries = hasRole(useSession(), "cloud-admin", "auditor");
  const tabs = [
    { key: "inbox", label: t("notices.inbox") },
    { key: "preferences", label: t("notices.preferences") },
    ...(seesDeliveries ? [{ key: "deliveries", label: t("notices.deliveries") }] : []),
  ];
  return (
    <>
      <PageHeader title={t("notices.title")} />
      <TabBar label={t("notices.title")} tabs={tabs} current={tab} />
      {tab === "preferences" ? <Preferences /> : null}
      {tab === "deliveries" && seesDeliveries ? <Deliveries /> : null}
      {tab === "preferences" || (tab === "deliveries" && seesDeliveries) ? null : <Inbox />}
    </>
  );
}
