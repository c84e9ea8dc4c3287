import { useTranslation } from "react-i18next";
import { Swatch } from "./CapacityBar";
import css from "./Legend.module.css";

const PARTS = ["granted", "draining", "held", "requested", "used", "free"] as const;

/** What the patterns of a capacity bar mean. */
export function Legend() {
  const { t } = useTranslation();
  return (
    <ul className={css["legend"]} aria-label={t("bar.legend")}>
      {PARTS.map((part) => (
        <li key={part}>
          <Swatch part={part} /> {t(`figures.${part}`)}
        </li>
      ))}
    </ul>
  );
}
