import { describe, expect, it } from "vitest";
import type { RequestView } from "../../api/generated";
import {
  allFaults,
  amountFaults,
  bodyOf,
  correctionOf,
  type Draft,
  draftFrom,
  draftOfKept,
  emptyDraft,
  requestOf,
  untouched,
  withAmounts,
} from "./draft";
import { DETAIL_KEYS, stepOf } from "./details";

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

describe("the lines that are for people", () => {
  const textOf = (key: string, answer: string) => ({ label: `<${key}>`, value: answer });

  it("are sent as details, in the order of the form, without what was left empty", () => {
    const draft = change({ details: { backup: " daily ", leader: "王", ipv6: "" } });
    expect(requestOf(draft, textOf).details).toEqual([
      { label: "<leader>", value: "王" },
      { label: "<backup>", value: "daily" },
    ]);
    expect(requestOf(change(), textOf)).toEqual(bodyOf(change()));
  });

  it("are needed of a new application alone", () => {
    const faults = (draft: Draft) =>
      Object.keys(allFaults(draft)).filter((path) => path.startsWith("details."));
    expect(faults(change())).toEqual([]);
    expect(faults(change({ type: "New", details: { leader: "王" } }))).toEqual([
      "details.leaderPhone",
      "details.contact",
      "details.contactPhone",
      "details.project",
    ]);
  });

  it("stand on the step of their field, as every field of the API does", () => {
    for (const key of DETAIL_KEYS) expect(stepOf(`details.${key}`)).not.toBe("basis");
    const steps = [
      "department",
      "application",
      "newApplication.tier",
      "resources.cpu",
      "period.end",
      "justification",
    ];
    expect(steps.map(stepOf)).toEqual([
      "unit",
      "system",
      "system",
      "resources",
      "resources",
      "basis",
    ]);
  });
});

describe("a draft that was kept", () => {
  it("comes back as it was", () => {
    const draft = change({ start: "2026-12-01", details: { leader: "王" } });
    expect(draftOfKept(JSON.parse(JSON.stringify(draft)) as Record<string, unknown>)).toEqual(
      draft,
    );
  });

  it("loses what isn't of its shape, and nothing else", () => {
    const kept = draftOfKept({
      application: "marriage-registry",
      pool: 7,
      amounts: { cpu: { number: "8", unit: "" }, memory: null },
      details: { leader: "王", unknown: "x", ipv6: 1 },
      other: true,
    });
    expect(kept).toEqual({
      ...emptyDraft(),
      application: "marriage-registry",
      amounts: { ...emptyDraft().amounts, cpu: { number: "8", unit: "" } },
      details: { leader: "王" },
    });
  });
});
