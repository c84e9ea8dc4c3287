import { type ReactNode, useId } from "react";
import css from "./Field.module.css";

/** What a control needs to belong to its label, hint and error. */
export interface ControlProps {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean;
  "aria-required": boolean;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  required?: boolean;
  wide?: boolean;
  children: (control: ControlProps) => ReactNode;
}

/** A labelled control; its error stands right below it and is read with it. */
export function Field({
  label,
  hint,
  error,
  required = false,
  wide = false,
  children,
}: FieldProps) {
  const id = useId();
  const describedBy = `${id}-about`;
  return (
    <div className={wide ? css["wide"] : css["field"]} data-invalid={error ? true : undefined}>
      <label htmlFor={id} className={css["label"]}>
        {label}
        {required ? (
          <span className={css["star"]} aria-hidden="true">
            *
          </span>
        ) : null}
      </label>
      {children({
        id,
        "aria-describedby": describedBy,
        "aria-invalid": Boolean(error),
        "aria-required": required,
      })}
      <div id={describedBy} className={css["about"]}>
        {error ? <p className={css["error"]}>{error}</p> : null}
        {hint ? <div className={css["hint"]}>{hint}</div> : null}
      </div>
    </div>
  );
}
