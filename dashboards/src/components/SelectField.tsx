import { useId } from "react";
import { NativeSelect } from "./NativeSelect";
import css from "./SelectField.module.css";

interface SelectFieldProps {
  label: string;
  /** The label is still there for those who hear the page. */
  hideLabel?: boolean;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}

/** A select with its label at the left, for toolbars. */
export function SelectField({ label, hideLabel = false, ...select }: SelectFieldProps) {
  const id = useId();
  return (
    <span className={css["field"]}>
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : css["label"]}>
        {label}
      </label>
      <NativeSelect id={id} className={css["select"] ?? ""} {...select} />
    </span>
  );
}
