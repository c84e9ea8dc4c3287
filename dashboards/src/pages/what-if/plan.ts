import type { PlannedChange, PlanToApply, WhatIf } from "../../api/generated";

/** A row of the plan while it is typed. */
export interface PlanRow {
  pool: string;
  department: string;
  application: string;
  mode: "Set" | "Add";
  count: string;
  cpu: string;
  memory: string;
  storage: string;
}

/** Rows on the screen; longer plans come as a file. */
export const ROWS_MAX = 50;

export function emptyRow(pool: string): PlanRow {
  return {
    pool,
    department: "",
    application: "",
    mode: "Set",
    count: "1",
    cpu: "",
    memory: "",
    storage: "",
  };
}

/** `8C16G` or `8C16G1T`, as people name a size. */
export function sizeOf(text: string): Pick<PlanRow, "cpu" | "memory" | "storage"> | null {
  const match = /^(\d+)C(\d+G)(\d+[GT])?$/i.exec(text.trim());
  const [, cpu, memory, storage] = match ?? [];
  if (!cpu || !memory) return null;
  return { cpu, memory: memory.toUpperCase(), storage: storage?.toUpperCase() ?? "0" };
}

/** What is sent; what is empty is left out, and the server says what is missing. */
export function changeOf(row: PlanRow): PlannedChange {
  const filled = (text: string) => (text.trim() === "" ? null : text.trim());
  const count = Number.parseInt(row.count, 10);
  return {
    pool: row.pool,
    department: filled(row.department),
    application: filled(row.application),
    mode: row.mode,
    count: Number.isSafeInteger(count) && count > 0 ? count : 1,
    resources: {
      cpu: filled(row.cpu),
      memory: filled(row.memory),
      storage: filled(row.storage),
    },
  };
}

/** A row that the server read from a file. */
export function rowOf(change: PlannedChange): PlanRow {
  const { resources } = change;
  return {
    pool: change.pool,
    department: change.department ?? "",
    application: change.application ?? "",
    mode: change.mode ?? "Set",
    count: String(change.count ?? 1),
    cpu: resources.cpu ?? "",
    memory: resources.memory ?? "",
    storage: resources.storage ?? "",
  };
}

export type ApplyBlock = "notReckoned" | "nothingToWrite" | "nameless" | "doesntFit";

/** Why the plan can't be written as it was reckoned, or null. */
export function applyBlock(result: WhatIf | undefined): ApplyBlock | null {
  if (!result) return "notReckoned";
  if (!result.fits) return "doesntFit";
  if (result.rows.some(({ change }) => !change.application || !change.department)) {
    return "nameless";
  }
  return result.rows.every(({ verdict }) => verdict === "Unchanged") ? "nothingToWrite" : null;
}

/** The plan as it is applied: the amounts and the revisions that the answer named. */
export function toApply(result: WhatIf): PlanToApply {
  return {
    revisions: result.pools.map(({ pool, revision }) => ({ pool, revision })),
    rows: result.rows.map(({ change, from, to }) => ({
      pool: change.pool,
      department: change.department ?? "",
      application: change.application ?? "",
      from,
      to,
    })),
  };
}
