import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Amount } from "../../components/Amount";
import { AmountInput, amountText, draftOf } from "../../components/AmountInput";
import { Field } from "../../components/Field";
import { useWords } from "../../i18n/words";
import { type BundleText, RESOURCES, type Resource } from "../../lib/amount";
import { type VerdictDialogProps, VerdictDialog } from "./ReasonDialog";
import css from "./Request.module.css";
import { grows, offerFault } from "./verdicts";

/** 提出调整方案: some of what was asked for, with the reason. */
export function OfferDialog(props: VerdictDialogProps) {
  const { t } = useTranslation();
  const words = useWords();
  const { request } = props;
  const [drafts, setDrafts] = useState(() => ({
    cpu: draftOf("cpu", request.resources.cpu),
    memory: draftOf("memory", request.resources.memory),
    storage: draftOf("storage", request.resources.storage),
  }));
  const textOf = (resource: Resource) =>
    grows(request, resource) ? amountText(drafts[resource]) : request.resources[resource];
  const offer: BundleText = {
    cpu: textOf("cpu"),
    memory: textOf("memory"),
    storage: textOf("storage"),
  };
  const found = offerFault(request, offer);
  const sentence = found ? t(`offerFault.${found.fault}`) : null;
  return (
    <VerdictDialog {...props} missing={sentence} said={{ resources: offer }}>
      <div className={css["offer"]}>
        {RESOURCES.map((resource) => {
          const name = words("resource", resource);
          return (
            <Field
              key={resource}
              label={name}
              required={grows(request, resource)}
              error={found?.resource === resource ? sentence : null}
              hint={
                <>
                  {t("request.current")}{" "}
                  <Amount resource={resource} text={request.current[resource]} />
                  {" · "}
                  {t("fit.asked")} <Amount resource={resource} text={request.resources[resource]} />
                </>
              }
            >
              {(control) => (
                <AmountInput
                  resource={resource}
                  label={name}
                  control={control}
                  value={drafts[resource]}
                  disabled={!grows(request, resource)}
                  onChange={(value) => setDrafts((before) => ({ ...before, [resource]: value }))}
                />
              )}
            </Field>
          );
        })}
      </div>
      <p className={css["hint"]}>{found && !found.resource ? sentence : t("decision.offerHint")}</p>
    </VerdictDialog>
  );
}
