import { useTranslation } from "react-i18next";
import { address } from "../api/download";
import { DownloadButton } from "./DownloadButton";

interface ExportButtonsProps {
  list: "applications" | "departments" | "requests" | "allocations" | "pools";
  /** The filters and the order of the screen. */
  query?: Record<string, string | undefined>;
}

/** The whole list as a file, with the filters and the order of the screen. */
export function ExportButtons({ list, query = {} }: ExportButtonsProps) {
  const { t } = useTranslation();
  const path = (format: string) => address(`/api/v1/${list}`, { ...query, format });
  return (
    <>
      <DownloadButton path={path("xlsx")}>{t("export.xlsx")}</DownloadButton>
      <DownloadButton path={path("csv")}>{t("export.csv")}</DownloadButton>
    </>
  );
}
