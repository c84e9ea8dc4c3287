import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";
import {
  listDepartmentsOptions,
  listPoolsOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { type Column, DataTable } from "../../components/DataTable";
import { NativeSelect } from "../../components/NativeSelect";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";
import type { PlanRow } from "./plan";
import css from "./WhatIf.module.css";

/** The API's longest page: a city has fewer departments. */
const ALL_DEPARTMENTS = 200;

interface PlanTableProps {
  rows: PlanRow[];
  onChange: (rows: PlanRow[]) => void;
}

interface Numbered {
  index: number;
  row: PlanRow;
}

/** The plan, row by row, as it is typed. */
export function PlanTable({ rows, onChange }: PlanTableProps) {
  const { t } = useTranslation();
  const words = useWords();
  const pools = useQuery(listPoolsOptions());
  const departments = useQuery(
    listDepartmentsOptions({ query: { limit: ALL_DEPARTMENTS, sort: "displayName" } }),
  );
  const change = (index: number, part: Partial<PlanRow>) =>
    onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  const label = (field: string, index: number) => t("whatIf.cell", { field, row: index + 1 });
  const text = (key: "application" | "count", title: string, hint: string): Column<Numbered> => ({
    key,
    title,
    cell: ({ index, row }) => (
      <Input
        className={key === "count" ? css["narrow"] : css["cell"]}
        aria-label={label(title, index)}
        placeholder={hint}
        value={row[key]}
        maxLength={59}
        onChange={(event) => change(index, { [key]: event.target.value })}
      />
    ),
  });
  const columns: Column<Numbered>[] = [
    { key: "row", title: t("import.row"), names: true, cell: ({ index }) => index + 1 },
    {
      key: "pool",
      title: t("field.pool"),
      cell: ({ index, row }) => (
        <NativeSelect
          aria-label={label(t("field.pool"), index)}
          value={row.pool}
          onChange={(pool) => change(index, { pool })}
          options={[
            { value: "", label: "—" },
            ...(pools.data?.items ?? []).map((pool) => ({
              value: pool.name,
              label: pool.displayName,
            })),
          ]}
        />
      ),
    },
    {
      key: "department",
      title: t("field.department"),
      cell: ({ index, row }) => (
        <NativeSelect
          aria-label={label(t("field.department"), index)}
          value={row.department}
          onChange={(department) => change(index, { department })}
          options={[
            { value: "", label: t("whatIf.anybody") },
            ...(departments.data?.items ?? []).map((one) => ({
              value: one.name,
              label: one.displayName,
            })),
          ]}
        />
      ),
    },
    text("application", t("field.application"), t("whatIf.nameless")),
    {
      key: "mode",
      title: t("whatIf.mode"),
      cell: ({ index, row }) => (
        <NativeSelect
          aria-label={label(t("whatIf.mode"), index)}
          value={row.mode}
          onChange={(mode) => change(index, { mode: mode === "Add" ? "Add" : "Set" })}
          options={[
            { value: "Set", label: t("whatIf.set") },
            { value: "Add", label: t("whatIf.add") },
          ]}
        />
      ),
    },
    text("count", t("whatIf.count"), "1"),
    ...RESOURCES.map((resource): Column<Numbered> => ({
      key: resource,
      title: words("resource", resource),
      cell: ({ index, row }) => (
        <Input
          className={css["cell"]}
          aria-label={label(words("resource", resource), index)}
          placeholder={t(`whatIf.example.${resource}`)}
          value={row[resource]}
          maxLength={24}
          onChange={(event) => change(index, { [resource]: event.target.value })}
        />
      ),
    })),
    {
      key: "remove",
      title: <span className="visually-hidden">{t("whatIf.remove")}</span>,
      cell: ({ index }) => (
        <Button
          aria-label={label(t("whatIf.remove"), index)}
          onClick={() => onChange(rows.filter((_, at) => at !== index))}
        >
          {t("whatIf.remove")}
        </Button>
      ),
    },
  ];
  return (
    <DataTable
      caption={t("whatIf.plan")}
      columns={columns}
      rows={rows.map((row, index) => ({ row, index }))}
      rowKey={({ index }) => String(index)}
      empty={t("whatIf.empty")}
    />
  );
}
