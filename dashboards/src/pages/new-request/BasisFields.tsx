import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { Field } from "../../components/Field";
import { BASIS_KEYS, type BasisKey, JUSTIFICATION_MAX, JUSTIFICATION_MIN } from "./draft";
import type { FieldsProps } from "./fields";
import css from "./NewRequest.module.css";

/** From when to when, why, and on what grounds the amounts were worked out: all of it in one panel. */
export function BasisFields(props: FieldsProps) {
  return (
    <div className={css["grid"]}>
      <JustificationField {...props} />
      <PeriodFields {...props} />
      <GroundFields {...props} keys={BASIS_KEYS} />
    </div>
  );
}

export function JustificationField({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <Field
      label={t("field.justification")}
      hint={t("newRequest.justificationHint", {
        min: JUSTIFICATION_MIN,
        count: draft.justification.trim().length,
        max: JUSTIFICATION_MAX,
      })}
      required
      wide
      error={fault("justification")}
    >
      {(control) => (
        <Input.TextArea
          {...control}
          rows={3}
          value={draft.justification}
          maxLength={JUSTIFICATION_MAX}
          onChange={(event) => change({ justification: event.target.value })}
        />
      )}
    </Field>
  );
}

export function PeriodFields({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("newRequest.start")} error={fault("period.start")}>
        {(control) => (
          <input
            {...control}
            type="date"
            className={css["date"]}
            value={draft.start}
            onChange={(event) => change({ start: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={t("newRequest.end")}
        hint={t("newRequest.endHint")}
        required={draft.type === "Renew"}
        error={fault("period.end")}
      >
        {(control) => (
          <input
            {...control}
            type="date"
            className={css["date"]}
            value={draft.end}
            onChange={(event) => change({ end: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

interface GroundFieldsProps extends FieldsProps {
  keys: readonly BasisKey[];
}

export function GroundFields({ draft, change, fault, keys }: GroundFieldsProps) {
  const { t } = useTranslation();
  return keys.map((key) => (
    <Field key={key} label={t(`basis.${key}`)} error={fault(`basis.${key}`)}>
      {(control) => (
        <Input
          {...control}
          value={draft.basis[key]}
          maxLength={200}
          onChange={(event) => change({ basis: { ...draft.basis, [key]: event.target.value } })}
        />
      )}
    </Field>
  ));
}
