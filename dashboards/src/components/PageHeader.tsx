import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { dateTime } from "../lib/time";
import css from "./PageHeader.module.css";

interface PageHeaderProps {
  title: string;
  /** Where one comes from, as a link above the title. */
  back?: ReactNode;
  tags?: ReactNode;
  /** When the figures of this page were true. */
  asOf?: string | null | undefined;
  actions?: ReactNode;
}

export function PageHeader({ title, back, tags, asOf, actions }: PageHeaderProps) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  return (
    <div className={css["header"]}>
      <div className={css["words"]}>
        {back ? <div className={css["back"]}>{back}</div> : null}
        <div className={css["line"]}>
          <h1>{title}</h1>
          {tags}
        </div>
      </div>
      <div className={css["side"]}>
        {asOf ? (
          <span className={css["asOf"]}>
            {t("app.asOf")} <time dateTime={asOf}>{dateTime(asOf)}</time>
          </span>
        ) : null}
        {actions}
      </div>
    </div>
  );
}
