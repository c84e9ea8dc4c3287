import { describe, expect, it } from "vitest";
import { age, dateTime, day, dueState, dueTime } from "./time";

describe("times", () => {
  it("are shown in Asia/Shanghai", () => {
    expect(dateTime("2026-11-22T17:05:06Z")).toBe("2026-11-23 01:05:06");
    expect(day("2026-11-22T17:05:06Z")).toBe("2026-11-23");
    expect(dateTime(null)).toBeNull();
    expect(dateTime("yesterday")).toBeNull();
  });

  it("carry the day of the week where it matters", () => {
    expect(dueTime("2026-11-26T17:30:00+08:00", "zh-CN")).toBe("2026-11-26(周四)17:30");
    expect(dueTime("2026-11-26T17:30:00+08:00", "en")).toBe("2026-11-26 (Thu) 17:30");
  });
});

describe("the due chip", () => {
  const due = "2026-11-26T17:30:00+08:00";
  const cases: [string, ReturnType<typeof dueState>][] = [
    ["2026-11-23T10:00:00+08:00", { state: "left", days: 3, unit: "calendarDays" }],
    // 23:59 in Shanghai is still the day before, although it is 15:59 in UTC.
    ["2026-11-25T23:59:00+08:00", { state: "left", days: 1, unit: "calendarDays" }],
    ["2026-11-26T00:01:00+08:00", { state: "today" }],
    ["2026-11-26T17:30:00+08:00", { state: "overdue", days: 0, unit: "calendarDays" }],
    ["2026-11-28T09:00:00+08:00", { state: "overdue", days: 2, unit: "calendarDays" }],
  ];
  it.each(cases)("at %s", (now, expected) => {
    expect(dueState(due, new Date(now))).toEqual(expected);
  });
  it("counts what the server counts, over holidays too", () => {
    // From the eve of National Day 2026 to the Saturday that is worked for it.
    const [eve, worked] = ["2026-09-30T10:00:00+08:00", "2026-10-10T17:30:00+08:00"];
    expect(dueState(worked, new Date(eve), 3)).toEqual({
      state: "left",
      days: 3,
      unit: "workdays",
    });
    const late = new Date("2026-10-12T09:00:00+08:00");
    expect(dueState(worked, late, -1)).toEqual({ state: "overdue", days: 1, unit: "workdays" });
    expect(dueState(due, new Date("2026-11-26T09:00:00+08:00"), 0)).toEqual({ state: "today" });
  });
  it("is absent without a due time", () => {
    expect(dueState(undefined, new Date())).toEqual({ state: "none" });
  });
});

describe("an age", () => {
  const now = new Date("2026-11-23T10:00:00Z");
  it("uses the largest whole unit and is never negative", () => {
    expect(age("2026-11-23T09:59:30Z", now)).toEqual({ unit: "seconds", count: 30 });
    expect(age("2026-11-23T09:00:00Z", now)).toEqual({ unit: "hours", count: 1 });
    expect(age("2026-11-20T09:00:00Z", now)).toEqual({ unit: "days", count: 3 });
    expect(age("2026-11-23T10:00:05Z", now)).toEqual({ unit: "seconds", count: 0 });
  });
});
