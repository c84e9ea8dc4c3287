import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readChange, throttled } from "./events";
import { failureFrom } from "./failure";

const problem = {
  type: "about:blank",
  title: "内容有误",
  status: 422,
  detail: "有 2 处需要更正。",
  code: "Invalid",
  nextStep: "更正后重试。",
  requestId: "01J8",
  errors: [{ field: "resources.cpu", code: "AmountFraction", message: "不能写小数。" }],
};

describe("a failed call", () => {
  it("keeps the problem and finds a field's message", () => {
    const failure = failureFrom(problem, new Response(null, { status: 422 }));
    expect(failure.kind).toBe("problem");
    expect(failure.fieldMessage("resources.cpu")).toBe("不能写小数。");
    expect(failure.fieldMessage("resources.memory")).toBeNull();
  });

  it.each([
    ["no answer", undefined, "away", true],
    ["a proxy's own page", new Response(null, { status: 502 }), "away", true],
    ["words that are no problem", new Response(null, { status: 500 }), "unreadable", false],
  ])("with %s is told apart", (_, response, kind, passing) => {
    const failure = failureFrom("<html>", response);
    expect([failure.kind, failure.passing]).toEqual([kind, passing]);
  });
});

describe("an event", () => {
  it("names the object that changed", () => {
    const data = '{"kind":"QuotaRequest","namespace":"dept-a","name":"qr-1","type":"added"}';
    expect(readChange(data)).toEqual({
      kind: "QuotaRequest",
      namespace: "dept-a",
      name: "qr-1",
      type: "added",
    });
  });
  it.each(["", "null", "[]", "{", '{"kind":1}'])("that reads %s is ignored", (data) => {
    expect(readChange(data)).toBeNull();
  });
});

describe("a throttle", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("acts at once, then once per pause, and never forgets the last call", () => {
    const act = vi.fn();
    const throttle = throttled(act, 400);
    throttle.call();
    expect(act).toHaveBeenCalledTimes(1);
    throttle.call();
    throttle.call();
    expect(act).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(400);
    expect(act).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(2_000);
    expect(act).toHaveBeenCalledTimes(2);
  });

  it("stays quiet once it is cancelled", () => {
    const act = vi.fn();
    const throttle = throttled(act, 400);
    throttle.call();
    throttle.call();
    throttle.cancel();
    vi.advanceTimersByTime(2_000);
    expect(act).toHaveBeenCalledTimes(1);
  });
});
