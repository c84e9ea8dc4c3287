import { Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { feed } from "../api/events";
import { ConnectionBanner } from "./ConnectionBanner";
import { Navigation } from "./Navigation";
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
