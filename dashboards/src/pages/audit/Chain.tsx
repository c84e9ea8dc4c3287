import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { FindingView, VerificationView } from "../../api/generated";
import { verifyAuditOptions } from "../../api/generated/@tanstack/react-query.gen";
import { DataTable } from "../../components/DataTable";
import { Definitions } from "../../components/Definitions";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { QueryView } from "../../components/QueryView";
import { useWords } from "../../i18n/words";
import { dateTime } from "../../lib/time";
import css from "./Audit.module.css";

/** Whether the record is as it was written. */
export function Chain() {
  const { t } = useTranslation();
  const query = useQuery(verifyAuditOptions());
  return (
    <Panel
      title={t("audit.chain")}
      extra={
        <Button loading={query.isFetching} onClick={() => void query.refetch()}>
          {t("audit.verify")}
        </Button>
      }
    >
      <QueryView query={query} lines={3}>
        {(found) => <Found found={found} />}
      </QueryView>
    </Panel>
  );
}

export function Found({ found }: { found: VerificationView }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <div className={css["chain"]}>
      {found.intact ? (
        <Notice tone="success" role="status" title={t("audit.intact", { count: found.rows })}>
          {found.anchors === 0 ? t("audit.noAnchors") : null}
        </Notice>
      ) : (
        <Notice
          tone="error"
          role="alert"
          title={t("audit.broken", { count: found.findings.length })}
        >
          {t("audit.brokenNext")}
        </Notice>
      )}
      <Definitions
        items={[
          { term: t("audit.checkedAt"), value: dateTime(found.checkedAt) },
          { term: t("audit.rows"), value: found.rows.toLocaleString("en-US") },
          { term: t("audit.anchors"), value: found.anchors.toLocaleString("en-US") },
          {
            term: t("audit.head"),
            value: found.head ? <code className={css["hash"]}>{found.head}</code> : "—",
            wide: true,
          },
        ]}
      />
      {found.findings.length > 0 ? (
        <DataTable
          caption={t("audit.findings")}
          rows={found.findings}
          rowKey={(finding: FindingView) => `${finding.seq} ${finding.fault}`}
          columns={[
            { key: "seq", title: t("audit.seq"), names: true, cell: (finding) => finding.seq },
            {
              key: "fault",
              title: t("audit.fault"),
              cell: (finding) => words("auditFault", finding.fault),
            },
          ]}
        />
      ) : null}
    </div>
  );
}
