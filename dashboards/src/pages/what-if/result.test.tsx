import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { WhatIf } from "../../api/generated";
import { startI18n } from "../../i18n";
import { Result } from "./Result";

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

const zero = { cpu: "0", memory: "0G", storage: "0T" };

/** The city's contract with all of its memory granted, and one more 8C16G. */
const full = {
  fits: false,
  asOf: "2026-11-23T14:10:00+08:00",
  rows: [
    {
      change: { pool: "whole", count: 1, resources: { cpu: "8", memory: "16G" } },
      verdict: "Refused",
      fitting: 0,
      from: zero,
      to: { cpu: "8", memory: "16G", storage: "0T" },
      reasons: [
        {
          code: "InsufficientCapacity",
          resource: "memory",
          limit: "31353G",
          asked: "16G",
          free: "0G",
          missing: "16G",
          department: null,
          message: "内存不足",
        },
      ],
    },
  ],
  pools: ["now"].map(() => {
    const side = {
      capacity: zero,
      free: { cpu: "8075", memory: "0G", storage: "1243T" },
      figures: null,
      bindingResource: "memory",
      stranded: { cpu: "8075", memory: "0G", storage: "1243T" },
    };
    return { pool: "whole", displayName: "全市资源池", revision: 7, now: side, after: side };
  }),
} as unknown as WhatIf;

describe("the result of a what-if", () => {
  it("names what is missing, what binds and what is stranded", () => {
    render(<Result result={full} />);
    const rows = screen.getByRole("table", { name: "逐行结果" });
    expect(rows.textContent).toContain("不能满足");
    expect(rows.textContent?.replace(/\s/g, "")).toContain("缺16G");
    const pool = screen.getByRole("table", { name: "全市资源池" });
    const cpu = within(pool).getByRole("row", { name: /CPU/ });
    expect(cpu.textContent).toContain("8,075");
    expect(within(pool).getByRole("row", { name: /内存/ }).textContent).toContain("瓶颈");
  });
});
