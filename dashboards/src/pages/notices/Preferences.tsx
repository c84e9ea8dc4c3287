import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { KindName, NoticePreferences } from "../../api/generated";
import {
  saveNoticePreferencesMutation,
  showNoticePreferencesOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { refreshAll } from "../../app/queries";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import css from "./Notices.module.css";

type Kind = KindName["kind"];

/** What the person and his departments want to hear, and where. */
export function Preferences() {
  const query = useQuery(showNoticePreferencesOptions());
  return <QueryView query={query}>{(data) => <Forms preferences={data} />}</QueryView>;
}

function Forms({ preferences }: { preferences: NoticePreferences }) {
  const { t } = useTranslation();
  const save = useMutation({ ...saveNoticePreferencesMutation(), onSuccess: refreshAll });
  const { own, departments, kinds, mail, domains } = preferences;
  const mailable = mail && domains.length > 0;
  const hint = mailable
    ? t("notices.addressesHint", { domains: domains.join(", ") })
    : t("notices.noMail");
  return (
    <div className={css["forms"]}>
      {save.error ? <ErrorView error={save.error} /> : null}
      {save.isSuccess ? <Notice tone="success" role="status" title={t("notices.saved")} /> : null}
      <Form
        title={t("notices.own")}
        kinds={kinds}
        start={own}
        inbox
        hint={hint}
        busy={save.isPending}
        onSave={(next) => save.mutate({ body: { own: next } })}
      />
      {departments.map(({ department, displayName, preference, mayChange }) => (
        <Form
          key={department}
          title={displayName}
          kinds={kinds}
          start={{ ...preference, muted: [] }}
          hint={hint}
          busy={save.isPending}
          blocked={mayChange ? null : t("notices.ownerOnly")}
          onSave={({ mail, addresses }) =>
            save.mutate({ body: { departments: { [department]: { mail, addresses } } } })
          }
        />
      ))}
    </div>
  );
}

interface Choice {
  muted: Kind[];
  mail: Kind[];
  addresses: string[];
}

interface FormProps {
  title: string;
  kinds: KindName[];
  start: Choice;
  /** A department has no inbox of its own. */
  inbox?: boolean;
  hint: string;
  busy: boolean;
  blocked?: string | null;
  onSave: (next: Choice) => void;
}

function Form({ title, kinds, start, inbox = false, hint, busy, blocked, onSave }: FormProps) {
  const { t } = useTranslation();
  const [muted, setMuted] = useState(start.muted);
  const [mail, setMail] = useState(start.mail);
  const [addresses, setAddresses] = useState(start.addresses.join("\n"));
  const toggle = (list: Kind[], kind: Kind) =>
    list.includes(kind) ? list.filter((one) => one !== kind) : [...list, kind];
  const written = addresses.split(/[\s,;]+/).filter((address) => address !== "");
  return (
    <Panel title={title}>
      <table className={css["kinds"]}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t("notices.kind")}</th>
            {inbox ? <th scope="col">{t("notices.inbox")}</th> : null}
            <th scope="col">{t("notices.mail")}</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ kind, name }) => (
            <tr key={kind}>
              <th scope="row">{name}</th>
              {inbox ? (
                <td>
                  <input
                    type="checkbox"
                    aria-label={`${name}: ${t("notices.inbox")}`}
                    checked={!muted.includes(kind)}
                    onChange={() => setMuted(toggle(muted, kind))}
                  />
                </td>
              ) : null}
              <td>
                <input
                  type="checkbox"
                  aria-label={`${name}: ${t("notices.mail")}`}
                  checked={mail.includes(kind)}
                  disabled={Boolean(blocked)}
                  onChange={() => setMail(toggle(mail, kind))}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Field label={t("notices.addresses")} hint={hint} wide>
        {(control) => (
          <Input.TextArea
            {...control}
            rows={2}
            value={addresses}
            readOnly={Boolean(blocked)}
            onChange={(event) => setAddresses(event.target.value)}
          />
        )}
      </Field>
      {blocked ? (
        <ActionButton blocked={blocked}>{t("notices.save")}</ActionButton>
      ) : (
        <Button
          type="primary"
          loading={busy}
          onClick={() => onSave({ muted, mail, addresses: written })}
        >
          {t("notices.save")}
        </Button>
      )}
    </Panel>
  );
}
