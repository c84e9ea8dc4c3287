import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { WhatIf } from "../../api/generated";
import { applyPlan, reckonPlan, reckonSheet } from "../../api/generated";
import { refreshAll } from "../../app/queries";
import { hasRole, useSession, useWriteBlock } from "../../app/session";
import { ActionButton } from "../../components/ActionButton";
import { ErrorView } from "../../components/ErrorView";
import { FileDrop } from "../../components/FileDrop";
import { Notice } from "../../components/Notice";
import { PageHeader } from "../../components/PageHeader";
import { Panel } from "../../components/Panel";
import { PlanTable } from "./PlanTable";
import {
  applyBlock,
  changeOf,
  emptyRow,
  type PlanRow,
  ROWS_MAX,
  rowOf,
  sizeOf,
  toApply,
} from "./plan";
import { Result } from "./Result";
import css from "./WhatIf.module.css";

/** What a set of planned changes would come to; nothing is written until somebody says so. */
export function WhatIfPage() {
  const { t } = useTranslation();
  const [rows, setRows] = useState<PlanRow[]>([emptyRow("")]);
  const [result, setResult] = useState<WhatIf | undefined>();
  const reckon = useMutation({
    mutationFn: async (plan: PlanRow[]) =>
      (await reckonPlan({ body: { changes: plan.map(changeOf) }, throwOnError: true })).data,
    onSuccess: setResult,
    onError: () => setResult(undefined),
  });
  const upload = useMutation({
    mutationFn: async (file: File) =>
      (await reckonSheet({ body: file, bodySerializer: null, throwOnError: true })).data,
    onSuccess: (answer) => {
      setRows(answer.rows.map(({ change }) => rowOf(change)));
      setResult(answer);
    },
    onError: () => setResult(undefined),
  });
  const change = (next: PlanRow[]) => {
    setRows(next);
    // What stands below was reckoned for another plan.
    setResult(undefined);
    apply.reset();
  };
  const apply = useMutation({
    mutationFn: async (plan: WhatIf) =>
      (await applyPlan({ body: toApply(plan), throwOnError: true })).data,
    onSuccess: refreshAll,
  });
  const busy = reckon.isPending || upload.isPending;
  const full = rows.length >= ROWS_MAX ? t("whatIf.full", { max: ROWS_MAX }) : null;
  return (
    <>
      <PageHeader title={t("nav.whatIf")} asOf={result?.asOf} />
      <div className={css["page"]}>
        <Panel title={t("whatIf.plan")} flush>
          <PlanTable rows={rows} onChange={change} />
          <div className={css["bar"]}>
            <ActionButton
              blocked={full}
              onClick={() => change([...rows, emptyRow(rows.at(-1)?.pool ?? "")])}
            >
              {t("whatIf.addRow")}
            </ActionButton>
            <AddSize
              blocked={full}
              onAdd={(size, count) => {
                const filled = rows.filter((row) => row.cpu || row.memory || row.storage);
                change([...filled, { ...emptyRow(rows.at(-1)?.pool ?? ""), ...size, count }]);
              }}
            />
            <ActionButton
              type="primary"
              loading={busy}
              blocked={rows.length === 0 ? t("whatIf.empty") : null}
              onClick={() => reckon.mutate(rows)}
            >
              {t("whatIf.reckon")}
            </ActionButton>
            <ApplyButton
              result={result}
              busy={apply.isPending}
              onApply={() => result && apply.mutate(result)}
            />
          </div>
          <div className={css["bar"]}>
            <FileDrop
              label={t("whatIf.upload")}
              accept=".csv,.xlsx"
              disabled={busy}
              onFile={(file) => upload.mutate(file)}
            />
          </div>
        </Panel>
        {[reckon.error, upload.error, apply.error].map((error, index) =>
          // The three never change places.
          error ? <ErrorView key={index} error={error} /> : null,
        )}
        {apply.data ? (
          <Notice
            tone={apply.data.complete ? "success" : "warning"}
            role="status"
            title={apply.data.complete ? t("whatIf.applied") : t("whatIf.partly")}
          >
            <ul className={css["reasons"]}>
              {apply.data.rows.map((row, index) =>
                row.message ? (
                  // Rows stay in the plan's order.
                  <li key={index}>{t("whatIf.failed", { row: index + 1, why: row.message })}</li>
                ) : null,
              )}
            </ul>
          </Notice>
        ) : null}
        {result ? <Result result={result} /> : null}
      </div>
    </>
  );
}

interface AddSizeProps {
  blocked: string | null;
  onAdd: (size: Pick<PlanRow, "cpu" | "memory" | "storage">, count: string) => void;
}

/** 「新增 8C16G × n」 */
function AddSize({ blocked, onAdd }: AddSizeProps) {
  const { t } = useTranslation();
  const [size, setSize] = useState("");
  const [count, setCount] = useState("1");
  const read = sizeOf(size);
  return (
    <>
      <Input
        className={css["cell"]}
        aria-label={t("whatIf.size")}
        placeholder="8C16G"
        value={size}
        onChange={(event) => setSize(event.target.value)}
        style={{ width: 120 }}
      />
      <span aria-hidden>×</span>
      <Input
        aria-label={t("whatIf.count")}
        inputMode="numeric"
        value={count}
        onChange={(event) => setCount(event.target.value)}
        style={{ width: 72 }}
      />
      <ActionButton
        blocked={blocked ?? (read ? null : t("whatIf.sizeHint"))}
        onClick={() => read && onAdd(read, count)}
      >
        {t("whatIf.addSize")}
      </ActionButton>
    </>
  );
}

interface ApplyButtonProps {
  result: WhatIf | undefined;
  busy: boolean;
  onApply: () => void;
}

/** Writes the plan as it was reckoned: for cloud admins, and only what fits and has a name. */
function ApplyButton({ result, busy, onApply }: ApplyButtonProps) {
  const { t } = useTranslation();
  const writes = useWriteBlock();
  const admin = hasRole(useSession(), "cloud-admin");
  const block = applyBlock(result);
  const blocked =
    writes ?? (admin ? (block ? t(`whatIf.block.${block}`) : null) : t("whatIf.onlyAdmins"));
  if (busy) return <Button loading>{t("whatIf.apply")}</Button>;
  return (
    <ActionButton blocked={blocked} onClick={onApply}>
      {t("whatIf.apply")}
    </ActionButton>
  );
}
