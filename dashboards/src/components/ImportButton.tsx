import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ImportFinding, ImportKind, ImportReport, ImportRow } from "../api/generated";
import { importFile } from "../api/generated";
import { refreshAll } from "../app/queries";
import { useWriteBlock } from "../app/session";
import { ActionButton } from "./ActionButton";
import { DataTable } from "./DataTable";
import { Dialog } from "./Dialog";
import { DownloadButton } from "./DownloadButton";
import { ErrorView } from "./ErrorView";
import { FileDrop } from "./FileDrop";
import { Notice } from "./Notice";

interface ImportButtonProps {
  kind: ImportKind;
  /** Why this person may not import. */
  blocked?: string | null;
  children: string;
}

/** Opens the import; whoever may not reads why. */
export function ImportButton({ kind, blocked = null, children }: ImportButtonProps) {
  const [open, setOpen] = useState(false);
  const writes = useWriteBlock();
  return (
    <>
      <ActionButton blocked={blocked ?? writes} onClick={() => setOpen(true)}>
        {children}
      </ActionButton>
      {open ? <ImportDialog kind={kind} title={children} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** Drop a file, read what it would do, then let it. */
export function ImportDialog({
  kind,
  title,
  onClose,
}: {
  kind: ImportKind;
  title: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const send = useMutation({
    mutationFn: async ({ file, dryRun }: { file: File; dryRun: boolean }) => {
      const answer = await importFile({
        path: { kind },
        query: { dryRun },
        body: file,
        // As it is: it is no JSON.
        bodySerializer: null,
        throwOnError: true,
      });
      return answer.data;
    },
    onSuccess: (report) => {
      if (!report.dryRun) refreshAll();
    },
  });
  const report = send.data;
  const ready =
    file !== null && report?.dryRun === true && report.findings.length === 0 && !send.isPending;
  const again = file !== null && report?.dryRun === false && !report.complete;
  const apply = () => {
    if (file && (ready || again)) send.mutate({ file, dryRun: false });
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={apply}
      actions={
        <>
          <Button onClick={onClose}>{t("import.close")}</Button>
          <ActionButton
            type="primary"
            htmlType="submit"
            loading={send.isPending}
            blocked={ready || again ? null : t("import.first")}
          >
            {again ? t("import.again") : t("import.apply")}
          </ActionButton>
        </>
      }
    >
      <p>{t("import.how")}</p>
      <p>
        <DownloadButton path={`/api/v1/imports/${kind}/template`}>
          {t("import.template")}
        </DownloadButton>
      </p>
      <FileDrop
        label={t("import.file")}
        accept=".csv,.xlsx"
        disabled={send.isPending}
        onFile={(chosen) => {
          setFile(chosen);
          send.mutate({ file: chosen, dryRun: true });
        }}
      />
      {file ? <p>{file.name}</p> : null}
      {send.error ? <ErrorView error={send.error} /> : null}
      {report ? <Report report={report} /> : null}
    </Dialog>
  );
}

function Report({ report }: { report: ImportReport }) {
  const { t } = useTranslation();
  const { created, changed, unchanged, duplicates } = report;
  if (report.findings.length > 0) {
    return (
      <>
        <Notice
          tone="error"
          role="alert"
          title={t("import.faulty", { count: report.findings.length })}
        />
        <Findings findings={report.findings} />
      </>
    );
  }
  const counts = t("import.counts", { created, changed, unchanged, duplicates });
  const missed = report.rows.filter(({ outcome }) =>
    ["Failed", "NotReached", "Duplicate"].includes(outcome),
  );
  const title = report.dryRun
    ? t("import.would")
    : report.complete
      ? t("import.done")
      : t("import.incomplete");
  return (
    <>
      <Notice tone={report.complete ? "success" : "warning"} role="status" title={title}>
        {counts}
      </Notice>
      {missed.length > 0 ? <Rows rows={missed} /> : null}
    </>
  );
}

function Findings({ findings }: { findings: ImportFinding[] }) {
  const { t } = useTranslation();
  const rows = findings.map((finding, index) => ({ ...finding, index }));
  return (
    <DataTable
      caption={t("import.findings")}
      rows={rows}
      rowKey={({ index }) => String(index)}
      columns={[
        { key: "row", title: t("import.row"), figures: true, names: true, cell: ({ row }) => row },
        { key: "column", title: t("import.column"), cell: ({ column }) => column },
        { key: "message", title: t("import.reason"), cell: ({ message }) => message },
      ]}
    />
  );
}

function Rows({ rows }: { rows: ImportRow[] }) {
  const { t } = useTranslation();
  return (
    <DataTable
      caption={t("import.rows")}
      rows={rows}
      rowKey={({ row }) => String(row)}
      columns={[
        { key: "row", title: t("import.row"), figures: true, names: true, cell: ({ row }) => row },
        { key: "key", title: t("import.key"), cell: ({ key }) => key },
        {
          key: "outcome",
          title: t("import.outcome"),
          cell: ({ outcome, request }) =>
            request ? (
              <Link
                to="/requests/$department/$name"
                params={{ department: request.department, name: request.name }}
              >
                {t(`import.outcomes.${outcome}`)}
              </Link>
            ) : (
              t(`import.outcomes.${outcome}`)
            ),
        },
        { key: "message", title: t("import.reason"), cell: ({ message }) => message },
      ]}
    />
  );
}
