import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";

/** Grey lines where data will stand. */
export function Loading({ lines = 6 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-busy="true">
      <span className="visually-hidden">{t("app.loading")}</span>
      <Skeleton active title={false} paragraph={{ rows: lines }} />
    </div>
  );
}
