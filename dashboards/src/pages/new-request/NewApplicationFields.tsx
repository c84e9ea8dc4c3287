import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { chosen, HOSTINGS, TIERS, ZONES } from "../../app/choices";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { useWords } from "../../i18n/words";
import type { Draft } from "./draft";
import type { FieldsProps } from "./fields";

/** Grade four and above may not run on this cloud at all. */
const GRADES = [1, 2, 3] as const;

/** What an application that does not exist yet will be. */
export function NewApplicationFields({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  const words = useWords();
  const application = draft.newApplication;
  const set = (part: Partial<Draft["newApplication"]>) =>
    change({ newApplication: { ...application, ...part } });
  const yesNo = [
    { value: "yes", label: t("app.yes") },
    { value: "no", label: t("app.no") },
  ];
  return (
    <>
      <Field
        label={t("newRequest.displayName")}
        required
        error={fault("newApplication.displayName")}
      >
        {(control) => (
          <Input
            {...control}
            value={application.displayName}
            maxLength={100}
            onChange={(event) => set({ displayName: event.target.value })}
          />
        )}
      </Field>
      <Field label={t("field.tier")} required error={fault("newApplication.tier")}>
        {(control) => (
          <NativeSelect
            {...control}
            value={application.tier}
            onChange={(tier) => set({ tier: chosen(TIERS, tier) ?? application.tier })}
            options={TIERS.map((tier) => ({ value: tier, label: words("tier", tier) }))}
          />
        )}
      </Field>
      <Field label={t("field.hosting")} required error={fault("newApplication.hosting")}>
        {(control) => (
          <NativeSelect
            {...control}
            value={application.hosting}
            onChange={(hosting) =>
              set({ hosting: chosen(HOSTINGS, hosting) ?? application.hosting })
            }
            options={HOSTINGS.map((hosting) => ({
              value: hosting,
              label: words("hosting", hosting),
            }))}
          />
        )}
      </Field>
      <Field label={t("field.zone")} required error={fault("newApplication.zone")}>
        {(control) => (
          <NativeSelect
            {...control}
            value={application.zone}
            onChange={(zone) => set({ zone: chosen(ZONES, zone) ?? application.zone })}
            options={ZONES.map((zone) => ({ value: zone, label: words("zone", zone) }))}
          />
        )}
      </Field>
      <Field
        label={t("field.securityGrade")}
        required
        error={fault("newApplication.securityGrade")}
      >
        {(control) => (
          <NativeSelect
            {...control}
            value={String(application.securityGrade)}
            onChange={(grade) => set({ securityGrade: Number(grade) })}
            options={GRADES.map((grade) => ({
              value: String(grade),
              label: t("application.grade", { grade }),
            }))}
          />
        )}
      </Field>
      <Field label={t("field.domesticIt")} required>
        {(control) => (
          <NativeSelect
            {...control}
            value={application.domesticIt ? "yes" : "no"}
            onChange={(answer) => set({ domesticIt: answer === "yes" })}
            options={yesNo}
          />
        )}
      </Field>
      <Field label={t("field.keyEvent")} required>
        {(control) => (
          <NativeSelect
            {...control}
            value={application.keyEvent ? "yes" : "no"}
            onChange={(answer) => set({ keyEvent: answer === "yes" })}
            options={yesNo}
          />
        )}
      </Field>
      <Field label={t("newRequest.description")} wide error={fault("newApplication.description")}>
        {(control) => (
          <Input.TextArea
            {...control}
            rows={2}
            value={application.description}
            maxLength={1000}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}
