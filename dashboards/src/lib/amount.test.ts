import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type AmountError,
  figureOf,
  otherForms,
  parseAmount,
  percent,
  type Resource,
  ratio,
  readAmount,
} from "./amount";

const accepted: [Resource, string, bigint][] = [
  ["cpu", "0", 0n],
  ["cpu", "64", 64_000n],
  ["cpu", "1500m", 1_500n],
  ["memory", "0G", 0n],
  ["memory", "0", 0n],
  ["memory", "31353G", 31_353_000_000_000n],
  ["memory", "512Gi", 549_755_813_888n],
  ["storage", "2143T", 2_143_000_000_000_000n],
  ["storage", "1Ti", 1_099_511_627_776n],
];

const refused: [Resource, string, AmountError][] = [
  ["cpu", "", "AmountEmpty"],
  ["cpu", "-1", "AmountNegative"],
  ["cpu", "1.5", "AmountFraction"],
  ["cpu", "1e3", "AmountExponent"],
  ["cpu", "4G", "AmountUnit"],
  ["cpu", "08", "AmountPadded"],
  ["memory", "128", "AmountWithoutUnit"],
  ["memory", "128GB", "AmountUnit"],
  ["memory", "99999999999999999999G", "AmountTooLarge"],
  ["storage", "1.5T", "AmountFraction"],
  ["storage", "十T", "AmountNotANumber"],
];

describe("an amount that a person writes", () => {
  it.each(accepted)("%s %s is accepted", (resource, text, exact) => {
    expect(parseAmount(resource, text)).toEqual({ ok: true, exact });
  });
  it.each(refused)("%s %s is refused as %s", (resource, text, error) => {
    expect(parseAmount(resource, text)).toEqual({ ok: false, error });
  });
});

describe("an amount that the API answers", () => {
  it("may be normalised, negative or missing", () => {
    expect(readAmount("memory", "2T")).toBe(2_000_000_000_000n);
    expect(readAmount("memory", "1048576")).toBe(1_048_576n);
    expect(readAmount("memory", "-16G")).toBe(-16_000_000_000n);
    expect(readAmount("cpu", "-500m")).toBe(-500n);
    expect(readAmount("storage", null)).toBeNull();
    expect(readAmount("storage", "much")).toBeNull();
  });
});

describe("a figure", () => {
  it("stands in the one unit of its column, with separators", () => {
    expect(figureOf("cpu", 23_751_000n)).toEqual({ number: "23,751", unit: "cores" });
    expect(figureOf("cpu", 250n)).toEqual({ number: "0.25", unit: "cores" });
    expect(figureOf("memory", 31_353_000_000_000n)).toEqual({ number: "31,353", unit: "G" });
    expect(figureOf("memory", 17_179_869_184n)).toEqual({ number: "17.2", unit: "G" });
    expect(figureOf("storage", 32_000_000_000n)).toEqual({ number: "0.032", unit: "T" });
    expect(figureOf("storage", -5_000_000_000_000n)).toEqual({ number: "-5", unit: "T" });
  });

  it("has its other forms at hand", () => {
    expect(otherForms("memory", 31_353_000_000_000n)).toEqual([
      "29,199.76 Gi",
      "31.35 T",
      "31,353,000,000,000 B",
    ]);
  });
});

describe("a rate", () => {
  it("is nothing at 0/0 and rounds half up to one decimal", () => {
    expect(percent(0n, 0n)).toBeNull();
    expect(percent(null, 5n)).toBeNull();
    expect(percent(10_000n, 23_751n)).toBe("42.1");
    expect(percent(20_000n, 31_353n)).toBe("63.8");
    expect(percent(125n, 10_000n)).toBe("1.3");
    expect(ratio(0n, 0n)).toBeNull();
    expect(ratio(3n, 2n)).toBe(1.5);
  });
});

// The same file is read by the tests of the kinds, so that a form and the API server agree.
interface SharedCase {
  kind: Resource;
  text: string;
  exact: number | null;
  error: string | null;
}
const shared = resolve(import.meta.dirname, "../../../resources/tests/amount_cases.json");

describe("the cases shared with the kinds", () => {
  const cases: SharedCase[] = JSON.parse(readFileSync(shared, "utf8"));
  it("are there", () => {
    expect(cases.length).toBeGreaterThan(50);
  });
  it.each(cases)("$kind $text", ({ kind, text, exact, error }) => {
    const expected = exact === null ? { ok: false, error } : { ok: true, exact: BigInt(exact) };
    expect(parseAmount(kind, text)).toEqual(expected);
  });
});
