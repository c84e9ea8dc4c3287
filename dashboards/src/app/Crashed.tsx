import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ErrorView } from "../components/ErrorView";
import { Notice } from "../components/Notice";
import css from "./Crashed.module.css";

/** In place of a page that could not be shown: never a blank one. */
export function Crashed({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <main className={css["alone"]}>
      <h1>{t("error.pageTitle")}</h1>
      <ErrorView error={error} onRetry={() => void router.invalidate()} />
    </main>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <main className={css["alone"]}>
      <h1>{t("error.notFoundTitle")}</h1>
      <Notice
        tone="warning"
        title={t("error.notFound")}
        action={<Link to="/">{t("error.home")}</Link>}
      />
    </main>
  );
}
