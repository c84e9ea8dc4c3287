import { Button } from "antd";
import { useTranslation } from "react-i18next";
import css from "./NewsBar.module.css";

/** 「有 N 条更新」: announced politely, inserted only when the reader asks for it. */
export function NewsBar({ news, onAccept }: { news: number; onAccept: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={css["bar"]}>
      <span role="status" aria-live="polite" className={news > 0 ? css["words"] : undefined}>
        {news > 0 ? t("table.news", { count: news }) : ""}
      </span>
      {news > 0 ? (
        <Button size="small" type="primary" onClick={onAccept}>
          {t("table.showNews")}
        </Button>
      ) : null}
    </div>
  );
}
