import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { AuditView } from "../../api/generated";
import { Definitions } from "../../components/Definitions";
import { Dialog } from "../../components/Dialog";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import css from "./Audit.module.css";
import type { Filters } from "./filters";
import { Outcome } from "./Outcome";
import { toldOf } from "./told";

interface ActDialogProps {
  act: AuditView;
  onClose: () => void;
  /** Looks for more of the same. */
  onFind: (filters: Filters) => void;
}

/** Everything that is on record of one act. */
export function ActDialog({ act, onClose, onFind }: ActDialogProps) {
  const { t } = useTranslation();
  const words = useWords();
  const text = (value: string) => value || "—";
  return (
    <Dialog
      title={t("audit.act", { seq: act.seq })}
      onClose={onClose}
      onSubmit={onClose}
      actions={
        <>
          {act.actor ? (
            <Button onClick={() => onFind({ actor: act.actor })}>{t("audit.samePerson")}</Button>
          ) : null}
          {act.object ? (
            <Button onClick={() => onFind({ object: act.object })}>{t("audit.sameObject")}</Button>
          ) : null}
          <Button type="primary" htmlType="submit">
            {t("app.close")}
          </Button>
        </>
      }
    >
      <Definitions
        items={[
          { term: t("audit.operation"), value: words("auditOperation", act.operation) },
          { term: t("audit.outcome"), value: <Outcome act={act} /> },
          { term: t("audit.at"), value: dateTime(act.at) },
          { term: t("audit.endedAt"), value: dateTime(act.endedAt) ?? "—" },
          { term: t("audit.object"), value: <code>{text(act.object)}</code>, wide: true },
          { term: t("audit.actor"), value: <code>{text(act.actor)}</code>, wide: true },
          { term: t("audit.via"), value: words("auditVia", act.via) },
          { term: t("audit.address"), value: text(act.address) },
          { term: t("field.department"), value: text(act.department) },
          { term: t("audit.source"), value: words("auditSource", act.source) },
          { term: t("audit.before"), value: text(act.before) },
          { term: t("audit.after"), value: text(act.after) },
          { term: t("audit.reason"), value: text(act.reason), wide: true },
          ...toldOf(act.detail).map((told) => ({
            term: told.key || t("audit.detail"),
            value: <pre className={css["told"]}>{told.value}</pre>,
            wide: true,
          })),
          { term: t("error.requestId"), value: <code>{text(act.requestId)}</code>, wide: true },
          {
            term: t("audit.hash"),
            value: <code className={css["hash"]}>{act.hash}</code>,
            wide: true,
          },
        ]}
      />
    </Dialog>
  );
}
