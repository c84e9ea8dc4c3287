import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../../api/events";
import type { ApplicationView } from "../../api/generated";
import { showApplicationOptions } from "../../api/generated/@tanstack/react-query.gen";
import { RequestButton } from "../../app/RequestButton";
import { Conditions } from "../../components/Conditions";
import { Definitions } from "../../components/Definitions";
import { Mark } from "../../components/Mark";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { TabBar } from "../../components/TabBar";
import { useWords } from "../../i18n/words";
import { STATE_TONE } from "../applications/columns";
import css from "./Application.module.css";
import { Facts } from "./Facts";
import { Manifest } from "./Manifest";
import { OwnRequests } from "./OwnRequests";
import { QuotaAndUse } from "./QuotaAndUse";

const route = getRouteApi("/signed-in/applications/$department/$name");

const TABS = ["quota", "requests", "facts", "compliance", "conditions", "yaml"] as const;
type Tab = (typeof TABS)[number];

/** One application: what it holds and uses, its requests, its facts. */
export function ApplicationPage() {
  const { t } = useTranslation();
  const words = useWords();
  const { department, name } = route.useParams();
  const search = route.useSearch();
  const query = useQuery(showApplicationOptions({ path: { department, name } }));
  useChanges(["Application", "Allocation"], () => void query.refetch());
  const tab: Tab = TABS.find((known) => known === search.tab) ?? "quota";
  const application = query.data;
  return (
    <>
      <PageHeader
        title={application?.displayName ?? name}
        back={<Link to="/applications">← {t("nav.applications")}</Link>}
        tags={
          application ? (
            <>
              <Mark>{words("tier", application.tier)}</Mark>
              {application.sample ? <Mark tone="info">{t("sample.mark")}</Mark> : null}
              {application.keyEvent ? <Mark tone="warning">{t("field.keyEvent")}</Mark> : null}
              <Mark tone={STATE_TONE[application.state]}>{words("state", application.state)}</Mark>
            </>
          ) : null
        }
        actions={
          <RequestButton search={{ type: "Change", department, application: name }}>
            {t("application.requestChange")}
          </RequestButton>
        }
      />
      <TabBar
        label={t("application.parts")}
        current={tab}
        tabs={TABS.map((key) => ({ key, label: t(`application.tab.${key}`) }))}
      />
      {application?.description ? (
        <p className={css["description"]}>{application.description}</p>
      ) : null}
      <QueryView query={query}>{(data) => <Part tab={tab} application={data} />}</QueryView>
    </>
  );
}

function Part({ tab, application }: { tab: Tab; application: ApplicationView }) {
  const { t } = useTranslation();
  switch (tab) {
    case "quota":
      return <QuotaAndUse application={application} />;
    case "requests":
      return <OwnRequests department={application.department} application={application.name} />;
    case "facts":
      return <Facts application={application} />;
    case "compliance":
      return <Compliance application={application} />;
    case "conditions":
      return (
        <Panel title={t("conditions.title")} flush>
          <Conditions caption={t("conditions.title")} conditions={application.conditions} />
        </Panel>
      );
    case "yaml":
      return <Manifest application={application} />;
  }
}

function Compliance({ application }: { application: ApplicationView }) {
  const { t } = useTranslation();
  const words = useWords();
  const yesNo = (value: boolean) => (value ? t("app.yes") : t("app.no"));
  return (
    <Panel title={t("application.tab.compliance")}>
      <Definitions
        items={[
          {
            term: t("field.securityGrade"),
            value: t("application.grade", { grade: application.securityGrade }),
          },
          { term: t("field.domesticIt"), value: yesNo(application.domesticIt) },
          { term: t("field.keyEvent"), value: yesNo(application.keyEvent) },
          { term: t("field.zone"), value: words("zone", application.zone) },
          { term: t("field.hosting"), value: words("hosting", application.hosting) },
        ]}
      />
    </Panel>
  );
}
