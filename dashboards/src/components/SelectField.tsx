import { useId } from "react";
import css from "./SelectField.module.css";

interface SelectFieldProps {
  label: string;
  /** The label is still there for those who hear the page. */
  hideLabel?: boolean;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
  disabled?: boolean;
}

/** The browser's own select: right on phones, by keyboard and for screen readers without effort. */
export function SelectField(props: SelectFieldProps) {
  const id = useId();
  return (
    <span className={css["field"]}>
      <label htmlFor={id} className={props.hideLabel ? "visually-hidden" : css["label"]}>
        {props.label}
      </label>
      <select
        id={id}
        className={css["select"]}
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </span>
  );
}
