import { LogoutOutlined, MenuOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { setCsrfToken } from "../api/client";
import { useFeedState } from "../api/events";
import { deleteSessionMutation } from "../api/generated/@tanstack/react-query.gen";
import { Bell } from "./Bell";
import { Navigation } from "./Navigation";
import { setPreferences, usePreferences } from "./preferences";
import { queryClient } from "./queries";
import { useSession } from "./session";
import css from "./TopBar.module.css";

export function TopBar() {
  const { t } = useTranslation();
  return (
    <header className={css["bar"]}>
      <PhoneMenu />
      <Link to="/" className={css["brand"]}>
        <Logo />
        <span>{t("app.name")}</span>
        <span className={css["sub"]}>{t("app.subtitle")}</span>
      </Link>
      <div className={css["tools"]}>
        <LiveMark />
        <Bell />
        <PreferenceSwitches />
        <Person />
      </div>
    </header>
  );
}

export function Logo() {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true" className={css["logo"]}>
      <rect width="32" height="32" rx="7" />
      <path d="M7 11h18M16 7v18M11 25h10M7 11l-3 7h6zM25 11l-3 7h6z" />
    </svg>
  );
}

/** Says whether figures follow by themselves. */
function LiveMark() {
  const { t } = useTranslation();
  const state = useFeedState();
  if (state === "idle") return null;
  return (
    <span className={css["live"]} role="status" title={t(`live.${state}Hint`)}>
      <span className={state === "live" ? css["dotLive"] : css["dotLost"]} aria-hidden="true" />
      {t(`live.${state}`)}
    </span>
  );
}

export function PreferenceSwitches() {
  const { t } = useTranslation();
  const { language, scheme } = usePreferences();
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <>
      <Button type="text" lang={other} onClick={() => setPreferences({ language: other })}>
        {t("app.otherLanguage")}
      </Button>
      <Button
        type="text"
        aria-label={scheme === "dark" ? t("app.toLight") : t("app.toDark")}
        title={scheme === "dark" ? t("app.toLight") : t("app.toDark")}
        icon={scheme === "dark" ? <SunOutlined aria-hidden /> : <MoonOutlined aria-hidden />}
        onClick={() => setPreferences({ scheme: scheme === "dark" ? "light" : "dark" })}
      />
    </>
  );
}

function Person() {
  const { t } = useTranslation();
  const session = useSession();
  const navigate = useNavigate();
  const signOut = useMutation({
    ...deleteSessionMutation(),
    onSettled: () => {
      setCsrfToken(null);
      queryClient.clear();
      void navigate({ to: "/sign-in" });
    },
  });
  const roles = session.roles.map((role) => t(`role.${role}` as "role.auditor"));
  return (
    <>
      <Link
        to="/sessions"
        className={css["person"]}
        title={`${session.user.name} · ${t("sessions.open")}`}
      >
        <span className={css["name"]}>{session.user.shortName}</span>
        <span className={css["role"]}>{roles.join(t("app.listSeparator"))}</span>
        <span className="visually-hidden">{t("sessions.open")}</span>
      </Link>
      <Button
        type="text"
        aria-label={t("signIn.out")}
        title={t("signIn.out")}
        icon={<LogoutOutlined aria-hidden />}
        loading={signOut.isPending}
        onClick={() => signOut.mutate({})}
      />
    </>
  );
}

/** On narrow screens the navigation is a dialog: the browser keeps focus in it and closes on Esc. */
function PhoneMenu() {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <div className={css["menu"]}>
      <Button
        type="text"
        aria-label={t("nav.open")}
        aria-haspopup="dialog"
        icon={<MenuOutlined aria-hidden />}
        onClick={() => dialog.current?.showModal()}
      />
      <dialog ref={dialog} className={css["drawer"]} aria-label={t("nav.label")}>
        <div className={css["drawerHead"]}>
          <span>{t("app.name")}</span>
          <Button onClick={() => dialog.current?.close()}>{t("app.close")}</Button>
        </div>
        <Navigation onGo={() => dialog.current?.close()} />
      </dialog>
    </div>
  );
}
