import { Button, Input } from "antd";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { useWords } from "../../i18n/words";
import css from "./Audit.module.css";
import { type Filters, filled, OUTCOMES } from "./filters";

interface SearchFormProps {
  filters: Filters;
  onSearch: (filters: Filters) => void;
}

const TEXTS = [
  { key: "actor", max: 253 },
  { key: "department", max: 253 },
  { key: "operation", max: 253 },
  { key: "object", max: 600 },
] as const;

/** What is looked for. Nothing is searched before it is sent: an auditor's question has many parts. */
export function SearchForm({ filters, onSearch }: SearchFormProps) {
  const { t } = useTranslation();
  const words = useWords();
  const [typed, setTyped] = useState({ from: filters, now: filters });
  // The address may change under the form: the back button, a link.
  if (JSON.stringify(typed.from) !== JSON.stringify(filters)) {
    setTyped({ from: filters, now: filters });
  }
  const draft = typed.now;
  const set = (part: Filters) => setTyped({ ...typed, now: { ...draft, ...part } });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(filled(draft));
  };
  return (
    <form role="search" className={css["form"]} onSubmit={submit} aria-label={t("audit.search")}>
      {TEXTS.map(({ key, max }) => (
        <Field
          key={key}
          label={key === "department" ? t("field.department") : t(`audit.${key}`)}
          hint={t(`audit.hint.${key}`)}
        >
          {(control) => (
            <Input
              {...control}
              value={draft[key] ?? ""}
              maxLength={max}
              onChange={(event) => set({ [key]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <Field label={t("audit.outcome")}>
        {(control) => (
          <NativeSelect
            {...control}
            value={draft.outcome ?? ""}
            onChange={(outcome) => set({ outcome })}
            options={[
              { value: "", label: t("filter.all") },
              ...OUTCOMES.map((value) => ({ value, label: words("auditOutcome", value) })),
            ]}
          />
        )}
      </Field>
      {(["since", "until"] as const).map((key) => (
        <Field key={key} label={t(`audit.${key}`)}>
          {(control) => (
            <input
              {...control}
              type="datetime-local"
              className={css["date"]}
              value={draft[key] ?? ""}
              onChange={(event) => set({ [key]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <div className={css["buttons"]}>
        <Button type="primary" htmlType="submit">
          {t("audit.search")}
        </Button>
        <Button onClick={() => onSearch({})}>{t("filter.clear")}</Button>
      </div>
    </form>
  );
}
