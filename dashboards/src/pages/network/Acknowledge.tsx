import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toFailure } from "../../api/failure";
import type { IncidentView } from "../../api/generated";
import { acknowledgeIncidentMutation } from "../../api/generated/@tanstack/react-query.gen";
import { hasRole, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { Dialog } from "../../components/Dialog";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { Notice } from "../../components/Notice";

/** The kind's own limit. */
const NOTE_MAX = 2_000;

interface AcknowledgeProps {
  incident: IncidentView;
  /** The root's name for people. */
  root: string;
  onDone: () => void;
}

/** The button that says who is on it. What was said stays until somebody who has read it says more. */
export function Acknowledge({ incident, root, onDone }: AcknowledgeProps) {
  const { t } = useTranslation();
  const session = useSession();
  const away = useWriteBlock();
  const [shown, setShown] = useState<IncidentView | null>(null);
  // What is over is history; who cared for it stays on record. An open dialog stays: what was typed isn't lost.
  if (!incident.open && !shown) return null;
  const blocked = hasRole(session, "cloud-admin") ? away : t("network.onlyAdmins");
  const label = incident.acknowledgedBy ? t("network.acknowledgeAgain") : t("network.acknowledge");
  return (
    <>
      <ActionButton
        size="small"
        blocked={blocked}
        aria-label={t("network.acknowledgeOf", { action: label, name: root })}
        onClick={() => setShown(incident)}
      >
        {label}
      </ActionButton>
      {shown ? (
        <AcknowledgeDialog
          incident={shown}
          root={root}
          onClose={() => setShown(null)}
          onDone={() => {
            setShown(null);
            onDone();
          }}
        />
      ) : null}
    </>
  );
}

interface DialogProps extends AcknowledgeProps {
  onClose: () => void;
}

/** The incident is the one that was looked at: whoever acknowledges meanwhile isn't written over. */
function AcknowledgeDialog({ incident, root, onClose, onDone }: DialogProps) {
  const { t } = useTranslation();
  const away = useWriteBlock();
  const queries = useQueryClient();
  const [note, setNote] = useState(incident.note);
  const save = useMutation({
    ...acknowledgeIncidentMutation(),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries(),
  });
  const send = () => {
    if (away) return;
    save.mutate({
      path: { incident: incident.name },
      body: { note: note.trim(), insteadOf: incident.acknowledgedBy },
    });
  };
  return (
    <Dialog
      title={t("network.acknowledgeTitle", { name: root })}
      onClose={onClose}
      onSubmit={send}
      actions={
        <>
          <Button onClick={onClose}>{t("decision.back")}</Button>
          <ActionButton type="primary" htmlType="submit" blocked={away} loading={save.isPending}>
            {t("network.acknowledge")}
          </ActionButton>
        </>
      }
    >
      <Notice
        tone="info"
        title={
          incident.acknowledgedBy
            ? t("network.acknowledgedAlready", { name: incident.acknowledgedByShort })
            : t("network.acknowledgeMeans")
        }
      />
      <Field
        label={t("network.note")}
        hint={t("network.noteHint")}
        error={save.error ? toFailure(save.error).fieldMessage("note") : null}
      >
        {(control) => (
          <Input.TextArea
            {...control}
            rows={4}
            maxLength={NOTE_MAX}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
      {save.error ? <ErrorView error={save.error} /> : null}
    </Dialog>
  );
}
