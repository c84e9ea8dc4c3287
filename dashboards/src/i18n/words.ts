import { useMemo } from "react";
import { useTranslation } from "react-i18next";

// Names that the API writes as keys (tiers, zones, phases, conditions) and their words. A key that
// these files do not know yet is shown as it is: better a foreign word than a wrong or empty one.

export type WordKind =
  | "tier"
  | "hosting"
  | "zone"
  | "phase"
  | "stage"
  | "requestType"
  | "requestNote"
  | "verdict"
  | "limit"
  | "state"
  | "condition"
  | "resource"
  | "role"
  | "invariant"
  | "poolState"
  | "poolTrouble"
  | "auditOperation"
  | "auditOutcome"
  | "auditVia"
  | "auditSource"
  | "auditFault"
  | "linkState"
  | "linkLevel"
  | "incidentCause";

export function useWords(): (kind: WordKind, key: string | null | undefined) => string {
  const { t, i18n } = useTranslation();
  return useMemo(
    () => (kind, key) => {
      if (!key) return "—";
      const path = `${kind}.${key}`;
      return i18n.exists(path) ? t(path as "tier.Municipal") : key;
    },
    [t, i18n],
  );
}
