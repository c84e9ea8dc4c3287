import { describe, expect, it } from "vitest";
import type { RequestView } from "../../api/generated";
import {
  allFaults,
  amountFaults,
  bodyOf,
  correctionOf,
  type Draft,
  draftFrom,
  emptyDraft,
  untouched,
  withAmounts,
} from "./draft";

const AMOUNTS = { cpu: "72", memory: "128G", storage: "10T" };

function change(part: Partial<Draft> = {}): Draft {
  return {
    ...withAmounts(emptyDraft(), AMOUNTS),
    department: "civil-affairs",
    application: "marriage-registry",
    pool: "cec",
    justification: "婚姻登记高峰期并发上升",
    ...part,
  };
}

describe("a draft", () => {
  it("becomes the body that the API takes, without what was left empty", () => {
    expect(bodyOf(change())).toEqual({
      department: "civil-affairs",
      type: "Change",
      application: "marriage-registry",
      pool: "cec",
      resources: AMOUNTS,
      justification: "婚姻登记高峰期并发上升",
    });
  });

  it("moves from the pool that the application is in to the one that is chosen", () => {
    const pools = (part: Partial<Draft>) => {
      const { pool, moveFrom } = bodyOf(change(part));
      return [pool, moveFrom];
    };
    expect(pools({ moveTo: "inspur" })).toEqual(["inspur", "cec"]);
    expect(pools({ moveTo: "cec" })).toEqual(["cec", undefined]);
    expect(pools({ moveTo: "inspur", type: "Renew" })).toEqual(["cec", undefined]);
  });

  it("has no faults when it is complete", () => {
    expect(allFaults(change())).toEqual({});
  });

  it("names each fault by the field path of the API", () => {
    const amounts = {
      cpu: { number: "1.5", unit: "" },
      memory: { number: "128GB", unit: "G" },
      storage: { number: "", unit: "T" },
    };
    expect(
      allFaults(
        change({
          amounts,
          pool: "",
          justification: "太短",
          end: "2026-01-01",
          start: "2026-02-01",
        }),
      ),
    ).toEqual({
      pool: "missing",
      "resources.cpu": "AmountFraction",
      "resources.memory": "AmountUnit",
      "resources.storage": "AmountEmpty",
      justification: "tooShort",
      "period.end": "endBeforeStart",
    });
  });

  it("asks for nothing only in a release", () => {
    const nothing = withAmounts(change(), { cpu: "0", memory: "0G", storage: "0T" });
    expect(amountFaults(nothing)).toEqual({ "resources.cpu": "allZero" });
    expect(amountFaults({ ...nothing, type: "Release" })).toEqual({});
    expect(bodyOf(change({ type: "Release" })).resources).toEqual({
      cpu: "0",
      memory: "0G",
      storage: "0T",
    });
  });

  it("takes the name of a new application only in the shape of a namespace", () => {
    expect(amountFaults(change({ type: "New", application: "婚姻" }))).toEqual({
      application: "nameShape",
    });
    expect(amountFaults(change({ type: "New", application: "a".repeat(60) }))).toEqual({
      application: "nameShape",
    });
  });
});

describe("a correction", () => {
  const returned = {
    department: "civil-affairs",
    type: "Change",
    application: "marriage-registry",
    newApplication: null,
    pool: "inspur",
    moveFrom: "cec",
    resources: { cpu: "500m", memory: "128Gi", storage: "10T" },
    period: { start: "2026-12-01", end: null },
    justification: "婚姻登记高峰期并发上升",
    basis: { users: "200", concurrency: null },
    details: [{ label: "操作系统", value: "openEuler" }],
    returned: { fields: ["resources.cpu", "basis.users", "period.end", "details"] },
  } as unknown as RequestView;

  it("begins with everything that was sent, in the units that it was sent in", () => {
    expect(correctionOf(returned, draftFrom(returned))).toEqual({
      department: "civil-affairs",
      type: "Change",
      application: "marriage-registry",
      pool: "inspur",
      moveFrom: "cec",
      resources: { cpu: "500m", memory: "128Gi", storage: "10T" },
      period: { start: "2026-12-01", end: null },
      justification: "婚姻登记高峰期并发上升",
      basis: { users: "200" },
      details: [{ label: "操作系统", value: "openEuler" }],
    });
  });

  it("knows which of the marked fields still say what they said", () => {
    const draft = draftFrom(returned);
    expect(untouched(returned, draft)).toEqual(returned.returned?.fields);
    const corrected = { ...draft, end: "2027-11-30", basis: { ...draft.basis, users: "" } };
    expect(untouched(returned, corrected)).toEqual(["resources.cpu", "details"]);
  });
});
