import { Input } from "antd";
import { useTranslation } from "react-i18next";
import type { Resource } from "../lib/amount";
import css from "./AmountInput.module.css";
import type { ControlProps } from "./Field";
import { NativeSelect } from "./NativeSelect";

/** A number and its unit, apart, so that nobody has to guess what G means. */
export interface AmountDraft {
  number: string;
  unit: string;
}

/** Decimal units first: they are what the contract counts in. */
const UNITS: Record<Resource, readonly string[]> = {
  cpu: ["", "m"],
  memory: ["G", "Gi", "T", "Ti", "M", "Mi"],
  storage: ["T", "G", "Ti", "Gi"],
};

export function defaultUnit(resource: Resource): string {
  return UNITS[resource][0] ?? "";
}

/** Takes `128G` apart; a text that is no amount stays visible as it is. */
export function draftOf(resource: Resource, text: string): AmountDraft {
  const match = /^(\d+)([A-Za-z]*)$/.exec(text);
  const unit = match?.[2] ?? "";
  if (!match || !UNITS[resource].includes(unit)) {
    return { number: match?.[1] ?? text, unit: defaultUnit(resource) };
  }
  return { number: match[1] ?? "", unit };
}

export function amountText(draft: AmountDraft): string {
  const number = draft.number.trim();
  return number === "" ? "" : `${number}${draft.unit}`;
}

interface AmountInputProps {
  resource: Resource;
  label: string;
  value: AmountDraft;
  onChange: (value: AmountDraft) => void;
  control: ControlProps;
  disabled?: boolean;
}

export function AmountInput({
  resource,
  label,
  value,
  onChange,
  control,
  disabled = false,
}: AmountInputProps) {
  const { t } = useTranslation();
  return (
    <div className={css["pair"]}>
      <Input
        {...control}
        inputMode="numeric"
        autoComplete="off"
        value={value.number}
        disabled={disabled}
        maxLength={30}
        {...(control["aria-invalid"] ? { status: "error" as const } : {})}
        onChange={(event) => onChange({ ...value, number: event.target.value })}
      />
      <NativeSelect
        className={css["unit"] ?? ""}
        aria-label={t("newRequest.unitOf", { name: label })}
        value={value.unit}
        disabled={disabled}
        onChange={(unit) => onChange({ ...value, unit })}
        options={UNITS[resource].map((unit) => ({
          value: unit,
          label: resource === "cpu" ? t(unit === "m" ? "unit.millicores" : "unit.cores") : unit,
        }))}
      />
    </div>
  );
}
