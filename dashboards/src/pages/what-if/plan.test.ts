import { describe, expect, it } from "vitest";
import type { WhatIf } from "../../api/generated";
import { applyBlock, changeOf, emptyRow, rowOf, sizeOf, toApply } from "./plan";

const zero = { cpu: "0", memory: "0G", storage: "0T" };
const eight = { cpu: "8", memory: "16G", storage: "0T" };

function result(part: Partial<WhatIf["rows"][number]> = {}, fits = true): WhatIf {
  const change = { pool: "cec", department: "civil", application: "app", resources: {} };
  return {
    fits,
    asOf: "2026-11-23T14:10:00+08:00",
    rows: [{ change, verdict: "Fits", fitting: 1, from: zero, to: eight, reasons: [], ...part }],
    pools: [{ pool: "cec", displayName: "cec", revision: 41 }],
  } as unknown as WhatIf;
}

describe("a plan", () => {
  it("reads a size as people write it", () => {
    expect(sizeOf("8C16G")).toEqual({ cpu: "8", memory: "16G", storage: "0" });
    expect(sizeOf(" 8c16g1t ")).toEqual({ cpu: "8", memory: "16G", storage: "1T" });
    for (const text of ["", "8", "8C16", "8C16T", "C16G"]) expect(sizeOf(text)).toBeNull();
  });

  it("leaves out what is empty, and comes back from a file as it is typed", () => {
    const row = { ...emptyRow("cec"), cpu: "8 ", count: "x" };
    const change = changeOf(row);
    expect(change).toEqual({
      pool: "cec",
      department: null,
      application: null,
      mode: "Set",
      count: 1,
      resources: { cpu: "8", memory: null, storage: null },
    });
    expect(rowOf(change)).toEqual({ ...emptyRow("cec"), cpu: "8" });
  });

  it("is written only where it was reckoned, fits and has names", () => {
    expect(applyBlock(undefined)).toBe("notReckoned");
    expect(applyBlock(result())).toBeNull();
    expect(applyBlock(result({ verdict: "Refused" }, false))).toBe("doesntFit");
    expect(applyBlock(result({ change: { pool: "cec", resources: {} } }))).toBe("nameless");
    expect(applyBlock(result({ verdict: "Unchanged" }))).toBe("nothingToWrite");
  });

  it("is written as it was reckoned, at the revisions that were asked", () => {
    expect(toApply(result())).toEqual({
      revisions: [{ pool: "cec", revision: 41 }],
      rows: [{ pool: "cec", department: "civil", application: "app", from: zero, to: eight }],
    });
  });
});
