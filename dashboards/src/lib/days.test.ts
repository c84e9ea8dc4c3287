import { describe, expect, it } from "vitest";
import { dayText, readDays, weeksOf, writeDays } from "./days";

describe("days that are typed", () => {
  it("are taken one by one and from … to …", () => {
    expect(readDays("2026-10-01~2026-10-03, 2026-10-10\n2026-12-31")).toEqual([
      "2026-10-01",
      "2026-10-02",
      "2026-10-03",
      "2026-10-10",
      "2026-12-31",
    ]);
    expect(readDays(" \n")).toEqual([]);
  });

  it("stay as they are where they are no days, so that the API can name them", () => {
    for (const text of ["10-01", "2026-10-07~2026-10-01", "2026-01-01~2028-01-01", "~", "soon"]) {
      expect(readDays(text)).toEqual([text]);
    }
  });

  it("are written as spans, and read back as they were", () => {
    const days = ["2026-02-27", "2026-02-28", "2026-03-01", "2026-10-10"];
    expect(writeDays(days)).toBe("2026-02-27~2026-03-01\n2026-10-10");
    expect(readDays(writeDays(days))).toEqual(days);
  });
});

describe("the weeks of a month", () => {
  it("begin on Monday and hold each day once", () => {
    // October 2026 begins on a Thursday.
    const weeks = weeksOf(2026, 10);
    expect(weeks[0]).toEqual([null, null, null, 1, 2, 3, 4]);
    expect(weeks.flat().filter((day) => day !== null)).toHaveLength(31);
    // February 2027 is exactly four weeks.
    expect(weeksOf(2027, 2)).toHaveLength(4);
    expect(weeksOf(2028, 2).flat().filter(Boolean)).toHaveLength(29);
    expect(dayText(2026, 2, 3)).toBe("2026-02-03");
  });
});
