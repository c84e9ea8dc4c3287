import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Figures } from "../api/generated";
import { startI18n } from "../i18n";
import { ResourceCard } from "./ResourceCard";

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

const nothing = { cpu: "0", memory: "0G", storage: "0T" };
const unknown = { cpu: null, memory: null, storage: null };

/** The city's contract with 10,000 cores, 20,000 G and 900 T allocated, as the API tells it. */
const figures: Figures = {
  contract: { cpu: "23751", memory: "31353G", storage: "2143T" },
  capacity: { cpu: "23751", memory: "31353G", storage: "2143T" },
  physical: unknown,
  granted: { cpu: "10000", memory: "20000G", storage: "900T" },
  held: nothing,
  draining: nothing,
  allocated: { cpu: "10000", memory: "20000G", storage: "900T" },
  requested: { cpu: "500", memory: "1000G", storage: "20T" },
  free: { cpu: "13751", memory: "11353G", storage: "1243T" },
  overcommitted: nothing,
  used: unknown,
  rates: {
    allocation: { cpu: "42.1", memory: "63.8", storage: "42.0" },
    withReserved: { cpu: "44.2", memory: "67.0", storage: "42.9" },
    utilisation: unknown,
  },
};

describe("the card of a resource", () => {
  it("acceptance 1: shows both rates as the API has them, and marks what binds", () => {
    for (const [resource, name] of [
      ["cpu", "CPU"],
      ["memory", "内存"],
      ["storage", "存储"],
    ] as const) {
      render(
        <ResourceCard
          resource={resource}
          figures={figures}
          binding={resource === "memory"}
          thresholds={undefined}
        />,
      );
      const text = screen.getByRole("region", { name }).textContent;
      expect(text).toContain(`分配率${figures.rates.allocation[resource]}%`);
      expect(text).toContain(`含待批占用) ${figures.rates.withReserved[resource]}%`);
      expect(text?.includes("瓶颈")).toBe(resource === "memory");
    }
  });

  it("acceptance 3: shows no rate of a contract of nothing", () => {
    const zero: Figures = {
      ...figures,
      contract: nothing,
      capacity: nothing,
      granted: nothing,
      allocated: nothing,
      requested: nothing,
      free: nothing,
      rates: { allocation: unknown, withReserved: unknown, utilisation: unknown },
    };
    render(<ResourceCard resource="cpu" figures={zero} binding={false} thresholds={undefined} />);
    const text = screen.getByRole("region", { name: "CPU" }).textContent ?? "";
    expect(text).toContain("分配率—");
    expect(text).not.toMatch(/NaN|Infinity|∞/);
  });
});
