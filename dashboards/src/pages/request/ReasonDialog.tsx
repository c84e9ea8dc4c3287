import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RequestView, Verdict } from "../../api/generated";
import { showPolicyOptions } from "../../api/generated/@tanstack/react-query.gen";
import { ActionButton } from "../../components/ActionButton";
import { Dialog } from "../../components/Dialog";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { NativeSelect } from "../../components/NativeSelect";
import { useWords } from "../../i18n/words";
import { isEnding, isReason, REASON_MAX, REASON_MIN, type Said } from "./verdicts";

export interface VerdictDialogProps {
  request: RequestView;
  verdict: Verdict;
  /** Why it can't be sent at the moment, whatever is written. */
  blocked: string | null;
  error: unknown;
  waits: boolean;
  onClose: () => void;
  onSend: (said: Said) => void;
}

interface ReasonDialogProps extends VerdictDialogProps {
  /** A name to type first: of what is taken away. */
  typed?: string;
}

/** A verdict that owes a reason. */
export function ReasonDialog({ typed, ...props }: ReasonDialogProps) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const nameMissing = typed !== undefined && name.trim() !== typed;
  return (
    <VerdictDialog
      {...props}
      missing={nameMissing ? t("decision.typeName", { name: typed }) : null}
      said={{}}
    >
      {typed === undefined ? null : (
        <Field label={t("decision.typeName", { name: typed })} required>
          {(control) => (
            <Input
              {...control}
              value={name}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
    </VerdictDialog>
  );
}

interface VerdictDialogShellProps extends VerdictDialogProps {
  /** What the part above the reason still lacks. */
  missing: string | null;
  said: Said;
  children: ReactNode;
}

/** What every such dialog has: the reason, its code, what went wrong, and the buttons. */
export function VerdictDialog({ missing, said, children, ...props }: VerdictDialogShellProps) {
  const { t, i18n } = useTranslation();
  const words = useWords();
  const [reason, setReason] = useState("");
  const [reasonCode, setReasonCode] = useState("");
  const [tried, setTried] = useState(false);
  const policy = useQuery({ ...showPolicyOptions(), staleTime: Number.POSITIVE_INFINITY });
  const codes = policy.data?.reasonCodes ?? [];
  const tooShort = isReason(reason) ? null : t("decision.reasonMissing", { min: REASON_MIN });
  const blocked = props.blocked ?? missing ?? tooShort;
  const name = words("verdict", props.verdict);
  return (
    <Dialog
      title={name}
      onClose={props.onClose}
      onSubmit={() => {
        setTried(true);
        if (!blocked) props.onSend({ ...said, reason, reasonCode });
      }}
      actions={
        <>
          <Button onClick={props.onClose}>{t("decision.back")}</Button>
          <ActionButton
            type="primary"
            danger={isEnding(props.verdict)}
            htmlType="submit"
            blocked={blocked}
            loading={props.waits}
          >
            {name}
          </ActionButton>
        </>
      }
    >
      {children}
      {codes.length === 0 ? null : (
        <Field label={t("decision.reasonCode")}>
          {(control) => (
            <NativeSelect
              {...control}
              value={reasonCode}
              onChange={setReasonCode}
              options={[
                { value: "", label: t("decision.noCode") },
                ...codes.map((code) => ({
                  value: code.code,
                  label: i18n.language === "en" ? code.en : code.zh,
                })),
              ]}
            />
          )}
        </Field>
      )}
      <Field
        label={t("decision.reason")}
        required
        hint={t("decision.reasonHint", { min: REASON_MIN, count: [...reason.trim()].length })}
        error={tried && tooShort ? tooShort : null}
      >
        {(control) => (
          <Input.TextArea
            {...control}
            rows={4}
            value={reason}
            maxLength={REASON_MAX}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
      {props.error ? <ErrorView error={props.error} /> : null}
    </Dialog>
  );
}
