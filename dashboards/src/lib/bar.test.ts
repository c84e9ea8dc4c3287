import { describe, expect, it } from "vitest";
import { type BarInput, barShape } from "./bar";

const none: BarInput = {
  contract: 0n,
  granted: 0n,
  draining: 0n,
  held: 0n,
  requested: 0n,
  used: null,
};

describe("the shape of a capacity bar", () => {
  it("has no parts at 0/0", () => {
    expect(barShape(none)).toEqual({
      state: "empty",
      parts: [],
      contractAt: 0,
      excess: 0n,
      usedAt: null,
    });
  });

  it("lays the parts end to end within the contract", () => {
    const shape = barShape({
      contract: 100n,
      granted: 50n,
      draining: 5n,
      held: 10n,
      requested: 15n,
      used: 20n,
    });
    expect(shape.state).toBe("normal");
    expect(shape.parts).toEqual([
      { part: "granted", start: 0, size: 0.5 },
      { part: "draining", start: 0.5, size: 0.05 },
      { part: "held", start: 0.55, size: 0.1 },
      { part: "requested", start: 0.65, size: 0.15 },
    ]);
    expect(shape.contractAt).toBe(1);
    expect(shape.usedAt).toBe(0.2);
  });

  it("can be full to the last unit without being over", () => {
    expect(barShape({ ...none, contract: 100n, granted: 100n }).state).toBe("normal");
  });

  it("shows what pending requests lack as short, not as over", () => {
    const shape = barShape({ ...none, contract: 100n, granted: 90n, requested: 30n });
    expect(shape.state).toBe("short");
    expect(shape.excess).toBe(20n);
    expect(shape.contractAt).toBeCloseTo(100 / 120, 5);
  });

  it("shows a grant beyond the contract as over, with how much", () => {
    const shape = barShape({ ...none, contract: 100n, granted: 120n });
    expect(shape.state).toBe("over");
    expect(shape.excess).toBe(20n);
    expect(shape.parts).toEqual([{ part: "granted", start: 0, size: 1 }]);
  });

  it("treats a grant against a contract of zero as over, never as 100 %", () => {
    const shape = barShape({ ...none, granted: 8n });
    expect(shape.state).toBe("over");
    expect(shape.contractAt).toBe(0);
    expect(shape.excess).toBe(8n);
  });

  it("keeps a use above the grant inside the bar", () => {
    expect(barShape({ ...none, contract: 10n, granted: 5n, used: 20n }).usedAt).toBe(1);
  });
});
