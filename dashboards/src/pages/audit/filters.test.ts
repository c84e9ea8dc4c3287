import { expect, it } from "vitest";
import { filled, moment, queryOf } from "./filters";

it("takes a minute for one of the city's time", () => {
  expect(moment("2026-11-24T08:30")).toBe("2026-11-24T08:30:00+08:00");
  for (const other of [undefined, "", "2026-11-24", "yesterday"]) {
    expect(moment(other)).toBeUndefined();
  }
});

it("leaves out what is empty or no moment", () => {
  expect(filled({ actor: " wang ", object: "  ", outcome: "" })).toEqual({ actor: "wang" });
  expect(queryOf({ outcome: "Refused", since: "2026-11-24T00:00", until: "soon" })).toEqual({
    outcome: "Refused",
    since: "2026-11-24T00:00:00+08:00",
  });
});
