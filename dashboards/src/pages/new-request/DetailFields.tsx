import { Input } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { CHOICES, type DetailKey, detailsOf, isChoice, isRequired, type Step } from "./details";
import type { DetailText } from "./draft";
import type { FieldsProps } from "./fields";

interface DetailFieldsProps extends FieldsProps {
  step: Step;
}

/** The lines of a step that are for people. */
export function DetailFields({ draft, change, fault, step }: DetailFieldsProps) {
  const { t } = useTranslation();
  const set = (key: DetailKey, text: string) =>
    change({ details: { ...draft.details, [key]: text } });
  return detailsOf(step).map((key) => {
    const value = draft.details[key] ?? "";
    return (
      <Field
        key={key}
        label={t(`detail.${key}`)}
        required={isRequired(key, draft.type)}
        wide={key === "projectContent"}
        error={fault(`details.${key}`)}
      >
        {(control) =>
          isChoice(key) ? (
            <NativeSelect
              {...control}
              value={value}
              onChange={(choice) => set(key, choice)}
              options={[
                { value: "", label: t("newRequest.notSaid") },
                ...CHOICES[key].map((choice) => ({
                  value: choice,
                  label: t(`detailChoice.${choice}`),
                })),
              ]}
            />
          ) : (
            <Input
              {...control}
              value={value}
              maxLength={200}
              autoComplete={AUTOCOMPLETE[key] ?? "off"}
              onChange={(event) => set(key, event.target.value)}
            />
          )
        }
      </Field>
    );
  });
}

/** What browsers know of a person, so that it needn't be typed again. */
const AUTOCOMPLETE: Partial<Record<DetailKey, string>> = {
  leader: "section-leader name",
  leaderPhone: "section-leader tel",
  contact: "section-contact name",
  contactPhone: "section-contact tel",
};

/** How a line is written in the request: in the words that its writer saw. */
export function useDetailText(): DetailText {
  const { t } = useTranslation();
  return useCallback(
    (key, answer) => {
      const choice = isChoice(key) ? CHOICES[key].find((one) => one === answer) : undefined;
      return {
        label: t(`detail.${key}`),
        value: choice ? t(`detailChoice.${choice}`) : answer,
      };
    },
    [t],
  );
}
