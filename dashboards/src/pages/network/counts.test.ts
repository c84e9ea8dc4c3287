import { expect, it } from "vitest";
import type { StateCounts } from "../../api/generated";
import { connected, countOf, percent, STATES } from "./counts";

const counts: StateCounts = {
  up: 5,
  degraded: 2,
  down: 1,
  unreachable: 7,
  unknown: 3,
  maintenance: 4,
  total: 22,
};

it("counts every state once, and what loses much as connected", () => {
  expect(STATES.reduce((sum, state) => sum + countOf(counts, state), 0)).toBe(counts.total);
  expect(connected(counts)).toBe(7);
});

it("says 100 % only of all, and nothing of nothing", () => {
  expect(percent(2262, 2263)).toBe("99.9%");
  expect(percent(2263, 2263)).toBe("100.0%");
  expect(percent(2263, 2572)).toBe("87.9%");
  expect(percent(0, 7)).toBe("0.0%");
  expect(percent(0, 0)).toBeNull();
});
