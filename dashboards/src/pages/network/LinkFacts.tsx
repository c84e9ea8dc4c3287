import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { LinkView } from "../../api/generated";
import { showLinkOptions } from "../../api/generated/@tanstack/react-query.gen";
import { Conditions } from "../../components/Conditions";
import { Definitions } from "../../components/Definitions";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import { connected } from "./counts";
import css from "./Network.module.css";
import { StateMark } from "./StateMark";

interface LinkFactsProps {
  name: string;
  refreshMs: number;
}

/** One link: what it is, since when, whose fault it is, and how much of the month it was there. */
export function LinkFacts({ name, refreshMs }: LinkFactsProps) {
  const query = useQuery({
    ...showLinkOptions({ path: { link: name } }),
    refetchInterval: refreshMs,
  });
  return <QueryView query={query}>{(link) => <Facts link={link} />}</QueryView>;
}

function Facts({ link }: { link: LinkView }) {
  const { t } = useTranslation();
  const words = useWords();
  const { month } = link;
  const millis = (text: string | null) => (text === null ? "—" : `${text} ms`);
  const share = (text: string | null | undefined) => (text == null ? "—" : `${text}%`);
  return (
    <>
      <nav className={css["way"]} aria-label={t("network.way")}>
        <Link to="/network" search={{}} activeOptions={{ exact: true, includeSearch: true }}>
          {t("network.core")}
        </Link>
        {[...link.above].reverse().map((name) => (
          <Link key={name} to="/network" search={{ at: name }}>
            {name}
          </Link>
        ))}
        <span aria-current="page">{link.displayName}</span>
      </nav>
      {link.rootCause ? (
        <Notice
          tone="error"
          title={t("network.because", { name: link.rootCause })}
          action={
            <Link to="/network" search={{ at: link.rootCause }}>
              {t("network.toRoot")}
            </Link>
          }
        />
      ) : null}
      <Panel
        title={link.displayName}
        extra={
          <>
            {link.sample ? <Mark tone="info">{t("sample.mark")}</Mark> : null}
            <StateMark state={link.state} />
          </>
        }
      >
        <Definitions
          items={[
            { term: t("network.name"), value: <code>{link.name}</code> },
            { term: t("network.level"), value: words("linkLevel", link.level) },
            { term: t("network.since"), value: dateTime(link.since) ?? "—" },
            {
              term: t("network.below"),
              value:
                link.below.total === 0
                  ? "—"
                  : t("network.belowUp", {
                      up: connected(link.below),
                      total: link.below.total,
                    }),
            },
            { term: t("network.rtt"), value: millis(link.rttP50Millis) },
            { term: t("network.rtt95"), value: millis(link.rttP95Millis) },
            { term: t("network.jitter"), value: millis(link.jitterMillis) },
            { term: t("network.loss"), value: share(link.lossPercent) },
            {
              term: t("network.monthOf", { month: month?.month ?? "" }),
              value: share(month?.percent),
            },
            { term: t("network.own"), value: share(month?.ownPercent) },
            { term: t("network.coverage"), value: share(month?.coveragePercent) },
            {
              term: t("network.range"),
              value: `${share(month?.worstPercent)} – ${share(month?.bestPercent)}`,
            },
            { term: t("network.address"), value: link.address ?? t("network.inferred") },
            { term: t("network.carrier"), value: link.carrier || "—" },
            { term: t("network.measuredAt"), value: dateTime(link.measuredAt) ?? "—" },
          ]}
        />
      </Panel>
      {link.conditions.length > 0 ? (
        <Panel title={t("conditions.title")} flush>
          <Conditions
            caption={t("conditions.of", { name: link.displayName })}
            conditions={link.conditions}
          />
        </Panel>
      ) : null}
    </>
  );
}
