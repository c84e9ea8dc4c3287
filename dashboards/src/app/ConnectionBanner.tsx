import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useChanges, useFeedState } from "../api/events";
import { showVersion } from "../api/generated";
import { Notice } from "../components/Notice";
import { clockTime } from "../lib/time";
import { connection, useConnection } from "./connection";
import { refreshAll } from "./queries";
import css from "./Shell.module.css";

/** Says that the API or its cluster is away, from when the data are, and asks until it is back. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const { away, stale } = useConnection();
  useReturn();
  if (away) {
    const { lastAnswer } = connection();
    return (
      <Banner title={t("connection.away")}>
        {lastAnswer
          ? t("connection.lastData", { time: clockTime(lastAnswer) })
          : t("connection.noData")}
      </Banner>
    );
  }
  return stale ? <Banner title={t("connection.stale")}>{t("connection.staleNext")}</Banner> : null;
}

function Banner({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={css["banner"]}>
      <Notice tone="warning" role="alert" title={title}>
        {children}
      </Notice>
    </div>
  );
}

/** How often an API or a cluster that is away is asked whether it is back. */
const ASK_AGAIN_MS = 3_000;

/** Reads everything again once what was away is back. */
function useReturn(): void {
  const { away, stale } = useConnection();
  const lost = useFeedState() === "lost";
  const wasAway = useRef(false);
  // No kind of object: this is for a stream that was broken and has come back.
  useChanges([], refreshAll);
  useEffect(() => {
    if (away) wasAway.current = true;
    else if (wasAway.current) {
      wasAway.current = false;
      refreshAll();
    }
  }, [away]);
  useEffect(() => {
    if (!away && !lost && !stale) return;
    // That the API answers is noticed by the client; that the cluster is back, only data tell.
    const ask = () => {
      if (stale && !away) refreshAll();
      else void showVersion().catch(() => undefined);
    };
    const timer = setInterval(ask, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [away, lost, stale]);
}
