import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { ValueForm } from "../../api/generated";

/** What people call a value. One that the language files do not know yet is called by its key. */
export function usePolicyName(): (key: string) => string {
  const { t, i18n } = useTranslation();
  return useCallback(
    (key) => {
      const path = `policyKey.${key.replaceAll(".", "_")}`;
      return i18n.exists(path) ? t(path as "policyKey.sla_accept") : key;
    },
    [t, i18n],
  );
}

/** A value with its unit. */
export function useValueText(): (form: ValueForm, value: string) => string {
  const { t } = useTranslation();
  return useCallback(
    (form, value) => {
      const count = Number(value);
      const isCount = /^\d+$/.test(value);
      switch (form) {
        case "Workdays":
          return isCount ? t("policy.workdays", { count }) : value;
        case "Days":
          return isCount ? t("policy.days", { count }) : value;
        case "Seconds":
          return isCount ? t("policy.seconds", { count }) : value;
        case "Times":
          return isCount ? t("policy.times", { count }) : value;
        case "Switch":
          return value === "on" ? t("policy.on") : value === "off" ? t("policy.off") : value;
        case "Path":
          if (value === "staged") return t("policy.staged");
          return value === "direct" ? t("policy.direct") : value;
        case "Percent":
          return isCount ? `${value} %` : value;
        case "Evidence":
          if (value === "measured") return t("policy.measured");
          return value === "charged" ? t("policy.charged") : value;
        case "Cpu":
          return isCount ? `${value} ${t("unit.cores")}` : value;
        case "ListOfDays":
          return t("policy.listOfDays", { days: value.replaceAll(",", t("app.listSeparator")) });
        default:
          return value;
      }
    },
    [t],
  );
}
