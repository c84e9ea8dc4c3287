import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { showApplicationOptions } from "../../api/generated/@tanstack/react-query.gen";
import { Amount } from "../../components/Amount";
import { AmountInput, amountText } from "../../components/AmountInput";
import { Field } from "../../components/Field";
import { useWords } from "../../i18n/words";
import { parseAmount, RESOURCES } from "../../lib/amount";
import { Delta } from "../requests/Delta";
import css from "./NewRequest.module.css";
import type { FieldsProps } from "./fields";

/** What the application shall have afterwards, beside what it has and uses now. */
export function AmountFields({ draft, change, fault }: FieldsProps) {
  const { t } = useTranslation();
  const words = useWords();
  const current = useQuery({
    ...showApplicationOptions({ path: { department: draft.department, name: draft.application } }),
    enabled: draft.type !== "New" && draft.application !== "",
    retry: false,
  });
  const holding = current.data?.allocations.find((one) => one.pool === draft.pool);
  return (
    <div className={css["amounts"]}>
      {RESOURCES.map((resource) => {
        const name = words("resource", resource);
        const text = amountText(draft.amounts[resource]);
        const readable = parseAmount(resource, text).ok;
        return (
          <Field
            key={resource}
            label={name}
            required
            error={fault(`resources.${resource}`)}
            hint={
              holding ? (
                <span className={css["today"]}>
                  {t("newRequest.today")}{" "}
                  <Amount resource={resource} text={holding.granted[resource]} />
                  {holding.used[resource] ? (
                    <>
                      {" · "}
                      {t("figures.used")}{" "}
                      <Amount resource={resource} text={holding.used[resource]} />
                    </>
                  ) : null}
                  {readable ? (
                    <>
                      {" "}
                      <Delta resource={resource} from={holding.granted[resource]} to={text} />
                    </>
                  ) : null}
                </span>
              ) : null
            }
          >
            {(control) => (
              <AmountInput
                resource={resource}
                label={name}
                control={control}
                value={draft.amounts[resource]}
                onChange={(value) => change({ amounts: { ...draft.amounts, [resource]: value } })}
              />
            )}
          </Field>
        );
      })}
    </div>
  );
}
