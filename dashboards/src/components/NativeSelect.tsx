import type { ComponentProps } from "react";
import css from "./NativeSelect.module.css";

interface NativeSelectProps extends Omit<ComponentProps<"select">, "onChange"> {
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

/** The browser's own select: right on phones, by keyboard and for screen readers without effort. */
export function NativeSelect({ options, onChange, className, ...rest }: NativeSelectProps) {
  return (
    <select
      {...rest}
      className={`${css["select"]} ${className ?? ""}`}
      onChange={(event) => onChange(event.target.value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
