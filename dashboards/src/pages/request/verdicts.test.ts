import { describe, expect, it } from "vitest";
import type { Action, RequestView, Verdict } from "../../api/generated";
import { bodyOf, formOf, inOrder, isReason, offerFault } from "./verdicts";

const request = {
  revision: 3,
  decisionStage: "TechReview",
  current: { cpu: "64", memory: "128G", storage: "10T" },
  resources: { cpu: "80", memory: "256G", storage: "8T" },
} as unknown as RequestView;

const action = (verdict: Verdict, needsReason = false): Action => ({
  verdict,
  needsReason,
  blocked: null,
});

describe("a decision", () => {
  it("names what was looked at and leaves out what was not said", () => {
    expect(bodyOf(request, "Approve", { reason: "  " })).toEqual({
      verdict: "Approve",
      requestRevision: 3,
      stage: "TechReview",
    });
    const direct = { ...request, decisionStage: null };
    expect(bodyOf(direct, "Return", { reason: " why? ", fields: ["resources.cpu"] })).toEqual({
      verdict: "Return",
      requestRevision: 3,
      reason: "why?",
      fields: ["resources.cpu"],
    });
  });

  it("is asked for what it needs, and a name only where something is taken away", () => {
    expect(formOf(action("Approve"))).toBe("none");
    expect(formOf(action("Withdraw"))).toBe("none");
    expect(formOf(action("Reject", true))).toBe("reason");
    expect(formOf(action("Return", true))).toBe("return");
    expect(formOf(action("Offer", true))).toBe("offer");
    expect(formOf(action("Reclaim", true))).toBe("name");
  });

  it("stands in one order, whatever order the API has", () => {
    const shown = inOrder([action("Urge"), action("Reject"), action("Approve"), action("Return")]);
    expect(shown.map((one) => one.verdict)).toEqual(["Approve", "Return", "Reject", "Urge"]);
  });

  it("acceptance 7: has a reason of at least ten characters, blanks at the ends not counted", () => {
    expect(isReason("资源池的内存余量不够了")).toBe(true);
    expect(isReason("  too short     ")).toBe(false);
    expect(isReason("x".repeat(2001))).toBe(false);
  });
});

describe("an offer", () => {
  const offer = (cpu: string, memory = "256G", storage = "8T") =>
    offerFault(request, { cpu, memory, storage });
  it("is some of the increase, and leaves alone what was to shrink", () => {
    expect(offer("72")).toBeNull();
    expect(offer("64")).toBeNull();
    expect(offer("64", "128G")).toEqual({ resource: null, fault: "nothing" });
    expect(offer("80")).toEqual({ resource: null, fault: "all" });
    expect(offer("81")).toEqual({ resource: "cpu", fault: "outside" });
    expect(offer("63")).toEqual({ resource: "cpu", fault: "outside" });
    expect(offer("72", "256G", "9T")).toEqual({ resource: "storage", fault: "outside" });
    expect(offer("1.5")).toEqual({ resource: "cpu", fault: "unreadable" });
  });
});
