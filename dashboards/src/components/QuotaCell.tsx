import { useTranslation } from "react-i18next";
import { percent, type Resource, ratio, readAmount } from "../lib/amount";
import { Amount } from "./Amount";
import css from "./QuotaCell.module.css";

interface QuotaCellProps {
  resource: Resource;
  granted: string;
  used: string | null | undefined;
}

/** A quota with a thin bar of what is in use of it. No measurement is no bar, never 0 %. */
export function QuotaCell({ resource, granted, used }: QuotaCellProps) {
  const { t } = useTranslation();
  const quota = readAmount(resource, granted);
  const inUse = readAmount(resource, used);
  const rate = percent(inUse, quota);
  const share = ratio(inUse, quota);
  const over = inUse !== null && quota !== null && inUse > quota;
  const label = rate === null ? t("quota.noRate") : t("quota.inUse", { rate });
  return (
    <span className={css["cell"]}>
      <Amount resource={resource} text={granted} />
      <span
        className={`${css["track"]} ${share === null ? css["none"] : ""}`}
        role="img"
        aria-label={label}
        title={label}
      >
        {share === null ? null : (
          <span
            className={over ? css["over"] : css["used"]}
            style={{ width: `${Math.min(1, share) * 100}%` }}
          />
        )}
      </span>
    </span>
  );
}
