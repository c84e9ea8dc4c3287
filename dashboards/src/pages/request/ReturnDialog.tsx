import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { correctable } from "../../lib/fields";
import { useFieldName } from "./fieldName";
import { type VerdictDialogProps, VerdictDialog } from "./ReasonDialog";
import css from "./Request.module.css";

/** 退回补正: what the department has to correct, and why. */
export function ReturnDialog(props: VerdictDialogProps) {
  const { t } = useTranslation();
  const fieldName = useFieldName();
  const id = useId();
  const [fields, setFields] = useState<readonly string[]>([]);
  const toggle = (field: string, on: boolean) =>
    setFields((before) => (on ? [...before, field] : before.filter((one) => one !== field)));
  return (
    <VerdictDialog
      {...props}
      missing={fields.length === 0 ? t("decision.fieldsMissing") : null}
      said={{ fields }}
    >
      <fieldset className={css["fields"]} aria-describedby={`${id}-hint`}>
        <legend>{t("decision.fields")}</legend>
        {correctable(props.request.type).map((field) => (
          <label key={field} className={css["check"]}>
            <input
              type="checkbox"
              checked={fields.includes(field)}
              onChange={(event) => toggle(field, event.target.checked)}
            />
            {fieldName(field)}
          </label>
        ))}
      </fieldset>
      <p id={`${id}-hint`} className={css["hint"]}>
        {t("decision.returnHint")}
      </p>
    </VerdictDialog>
  );
}
