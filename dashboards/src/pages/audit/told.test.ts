import { expect, it } from "vitest";
import { toldOf } from "./told";

it("shows a detail by its keys, and what it can't read as it is", () => {
  expect(toldOf('{"verdict":"Approve","stage":null,"changes":[{"field":"cpu"}]}')).toEqual([
    { key: "verdict", value: "Approve" },
    { key: "changes", value: '[\n  {\n    "field": "cpu"\n  }\n]' },
  ]);
  expect(toldOf("")).toEqual([]);
  for (const odd of ["[1]", "null", "not JSON", '"text"']) {
    expect(toldOf(odd)).toEqual([{ key: "", value: odd }]);
  }
});
