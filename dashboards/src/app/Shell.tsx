import { Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { feed, useChanges, useFeedState } from "../api/events";
import { showVersion } from "../api/generated";
import { Notice } from "../components/Notice";
import { clockTime } from "../lib/time";
import { connection, useConnection } from "./connection";
import { Navigation } from "./Navigation";
import { refreshAll } from "./queries";
import css from "./Shell.module.css";
import { TopBar } from "./TopBar";

/** The frame around every page: top bar, navigation, the banner of a lost connection. */
export function Shell() {
  const { t } = useTranslation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const { pathname } = useLocation();
  useEffect(() => {
    feed.open();
    return () => feed.close();
  }, []);
  // A new page is announced from its beginning, as after a real page load. The first one is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what this reacts to.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [pathname]);
  return (
    <div className={css["shell"]}>
      <a className={css["skip"]} href="#main">
        {t("app.skip")}
      </a>
      <TopBar />
      <div className={css["side"]}>
        <Navigation />
      </div>
      <main id="main" ref={main} tabIndex={-1} className={css["main"]}>
        <ConnectionBanner />
        <Outlet />
      </main>
    </div>
  );
}

/** How often an API that is away is asked whether it is back. */
const ASK_AGAIN_MS = 3_000;

function ConnectionBanner() {
  const { t } = useTranslation();
  const { away } = useConnection();
  const live = useFeedState();
  const wasAway = useRef(false);
  useChanges([], refreshAll);
  useEffect(() => {
    if (!away && live !== "lost") {
      if (wasAway.current) refreshAll();
      wasAway.current = false;
      return;
    }
    wasAway.current = wasAway.current || away;
    // The answer itself is noticed by the client; there is nothing to do with it here.
    const ask = () => void showVersion().catch(() => undefined);
    const timer = setInterval(ask, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [away, live]);
  if (!away) return null;
  const { lastAnswer } = connection();
  return (
    <div className={css["banner"]}>
      <Notice tone="warning" role="alert" title={t("connection.away")}>
        {lastAnswer
          ? t("connection.lastData", { time: clockTime(lastAnswer) })
          : t("connection.noData")}
      </Notice>
    </div>
  );
}
