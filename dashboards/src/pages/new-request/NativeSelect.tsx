import type { ControlProps } from "../../components/Field";
import css from "./NewRequest.module.css";

interface NativeSelectProps extends ControlProps {
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

export function NativeSelect({ options, onChange, ...control }: NativeSelectProps) {
  return (
    <select
      {...control}
      className={css["select"]}
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
