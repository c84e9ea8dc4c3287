import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { usePoolName } from "../../app/PoolName";
import { useSession } from "../../app/session";
import { Definitions } from "../../components/Definitions";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import { amountText } from "../../components/AmountInput";
import { AmountFields } from "./AmountFields";
import { GroundFields, JustificationField, PeriodFields } from "./BasisFields";
import { DetailFields, useDetailText } from "./DetailFields";
import { DETAIL_KEYS, type Step, STEPS } from "./details";
import type { Draft } from "./draft";
import type { FieldsProps } from "./fields";
import { NewApplicationFields } from "./NewApplicationFields";
import css from "./NewRequest.module.css";
import { ApplicationFields, DepartmentField, PoolFields } from "./TargetFields";

interface StepFieldsProps extends FieldsProps {
  step: Step;
  onGo: (step: Step) => void;
}

/** The fields of one step. */
export function StepFields({ step, onGo, ...fields }: StepFieldsProps) {
  const { t } = useTranslation();
  const { draft } = fields;
  switch (step) {
    case "unit":
      return (
        <Panel title={t("wizard.step.unit")} extra={t("wizard.unitHint")}>
          <div className={css["grid"]}>
            <DepartmentField {...fields} />
            <DetailFields {...fields} step="unit" />
            <GroundFields {...fields} keys={["approvalNumber", "funding"]} />
          </div>
        </Panel>
      );
    case "system":
      return (
        <Panel title={t("wizard.step.system")}>
          <div className={css["grid"]}>
            <ApplicationFields {...fields} />
            {draft.type === "New" ? <NewApplicationFields {...fields} /> : null}
            <GroundFields {...fields} keys={["users"]} />
            <DetailFields {...fields} step="system" />
          </div>
        </Panel>
      );
    case "resources":
      return (
        <>
          <Panel
            title={t("wizard.step.resources")}
            extra={draft.type === "Release" ? null : t("newRequest.amountsHint")}
          >
            <div className={css["grid"]}>
              <PoolFields {...fields} />
            </div>
            {draft.type === "Release" ? (
              <p className={css["note"]}>{t("wizard.releaseAll")}</p>
            ) : (
              <div className={css["below"]}>
                <AmountFields {...fields} />
              </div>
            )}
          </Panel>
          <Panel title={t("wizard.more")}>
            <div className={css["grid"]}>
              <PeriodFields {...fields} />
              <DetailFields {...fields} step="resources" />
            </div>
          </Panel>
        </>
      );
    case "basis":
      return (
        <>
          <Panel title={t("newRequest.why")}>
            <div className={css["grid"]}>
              <JustificationField {...fields} />
              <GroundFields {...fields} keys={["concurrency", "dataVolume"]} />
            </div>
          </Panel>
          <Check draft={draft} onGo={onGo} />
        </>
      );
  }
}

/** Everything once more before it is sent, with the way back to each part. */
function Check({ draft, onGo }: { draft: Draft; onGo: (step: Step) => void }) {
  const { t } = useTranslation();
  const words = useWords();
  const poolName = usePoolName();
  const session = useSession();
  const textOf = useDetailText();
  const unit = session.departments.find(({ name }) => name === draft.department)?.displayName;
  const pool = (name: string) => (name ? poolName(name) : "—");
  const moves = draft.type === "Change" && draft.moveTo !== "" && draft.moveTo !== draft.pool;
  const details = DETAIL_KEYS.flatMap((key) => {
    const answer = draft.details[key]?.trim();
    if (!answer) return [];
    const { label, value } = textOf(key, answer);
    return [{ term: label, value }];
  });
  return (
    <Panel
      title={t("wizard.check")}
      extra={
        <span className={css["ways"]}>
          {STEPS.slice(0, -1).map((step) => (
            <Button key={step} type="link" size="small" onClick={() => onGo(step)}>
              {t("wizard.changeStep", { name: t(`wizard.step.${step}`) })}
            </Button>
          ))}
        </span>
      }
    >
      <Definitions
        items={[
          { term: t("field.department"), value: unit ?? (draft.department || "—") },
          { term: t("field.type"), value: words("requestType", draft.type) },
          { term: t("field.application"), value: draft.application || "—" },
          { term: t("field.pool"), value: pool(draft.pool) },
          ...(moves ? [{ term: t("field.moveTo"), value: pool(draft.moveTo) }] : []),
          ...(draft.type === "Release"
            ? []
            : RESOURCES.map((resource) => ({
                term: words("resource", resource),
                value: checkText(amountText(draft.amounts[resource]), resource, t("unit.cores")),
              }))),
          ...(draft.start
            ? [
                {
                  term: t("field.period"),
                  value: t("capacity.fromTo", {
                    start: draft.start,
                    end: draft.end || t("application.never"),
                  }),
                },
              ]
            : []),
          ...details,
        ]}
      />
    </Panel>
  );
}

function checkText(text: string, resource: string, cores: string): string {
  if (text === "") return "—";
  return resource === "cpu" && /^\d+$/.test(text) ? `${text} ${cores}` : text;
}
