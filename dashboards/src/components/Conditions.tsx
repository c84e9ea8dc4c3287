import { useTranslation } from "react-i18next";
import type { Condition } from "../api/generated";
import { useWords } from "../i18n/words";
import { dateTime } from "../lib/time";
import { DataTable } from "./DataTable";
import { Mark, type Tone } from "./Mark";

/** Conditions of which True is bad news. */
const TROUBLE = new Set([
  "Overcommitted",
  "PhysicalShortfall",
  "OverCeiling",
  "Draining",
  "Expired",
  "Overdue",
  "AnotherRequestOpen",
  "ProvisionFailed",
  "ContractMismatch",
  "Degraded",
  "Flapping",
]);

/** Conditions that only tell where things are: neither value is good or bad. */
const NEUTRAL = new Set(["CapacityHeld", "InMaintenance"]);

function tone(condition: Condition): Tone {
  if (condition.status === "Unknown" || NEUTRAL.has(condition.type)) return "neutral";
  const good = (condition.status === "True") !== TROUBLE.has(condition.type);
  return good ? "success" : "warning";
}

/** What the operator says about an object, in its own words. */
export function Conditions({ caption, conditions }: { caption: string; conditions: Condition[] }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <DataTable
      caption={caption}
      rows={conditions}
      rowKey={(condition) => condition.type}
      empty={t("conditions.none")}
      columns={[
        {
          key: "type",
          title: t("conditions.type"),
          names: true,
          cell: (condition) => words("condition", condition.type),
        },
        {
          key: "status",
          title: t("conditions.status"),
          cell: (condition) => (
            <Mark tone={tone(condition)}>
              {t(`conditions.${condition.status}` as "conditions.True")}
            </Mark>
          ),
        },
        { key: "reason", title: t("conditions.reason"), cell: (c) => <code>{c.reason}</code> },
        { key: "message", title: t("conditions.message"), cell: (c) => c.message || "—" },
        {
          key: "since",
          title: t("conditions.since"),
          cell: (c) => dateTime(c.lastTransitionTime) ?? "—",
        },
      ]}
    />
  );
}
