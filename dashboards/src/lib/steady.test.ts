import { describe, expect, it } from "vitest";
import { steady } from "./steady";

interface Row {
  name: string;
  cpu: number;
}
const row = (name: string, cpu = 1): Row => ({ name, cpu });
const key = (r: Row) => r.name;

describe("steady rows", () => {
  it("take new figures in place", () => {
    expect(steady([row("a"), row("b")], [row("b", 9), row("a", 5)], key)).toEqual({
      rows: [row("a", 5), row("b", 9)],
      news: 0,
    });
  });

  it("count a new row without inserting it", () => {
    const { rows, news } = steady([row("b")], [row("a"), row("b")], key);
    expect(rows.map(key)).toEqual(["b"]);
    expect(news).toBe(1);
  });

  it("keep a row that is gone and count it", () => {
    const { rows, news } = steady([row("a"), row("b")], [row("b")], key);
    expect(rows.map(key)).toEqual(["a", "b"]);
    expect(news).toBe(1);
  });

  it("count a row that pushed another off the page once", () => {
    expect(steady([row("b"), row("c")], [row("a"), row("b")], key).news).toBe(1);
  });
});
