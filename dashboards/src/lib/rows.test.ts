import { describe, expect, it } from "vitest";
import { isTyping, nextRow } from "./rows";

describe("the keys of a list", () => {
  it.each([
    [-1, "j", 3, 0],
    [-1, "k", 3, 2],
    [0, "J", 3, 1],
    [2, "j", 3, null],
    [0, "k", 3, null],
    [1, "K", 3, 0],
    [0, "x", 3, null],
    [-1, "j", 0, null],
  ])("from row %i, %s of %i rows lead to %s", (current, key, count, expected) => {
    expect(nextRow(current, key, count)).toBe(expected);
  });

  it("leave letters to whoever types", () => {
    const page = document.createElement("div");
    page.innerHTML = "<input /><a href='/x'>x</a><dialog><button>x</button></dialog>";
    expect([...page.querySelectorAll("input, a, button")].map(isTyping)).toEqual([
      true,
      false,
      true,
    ]);
    expect(isTyping(null)).toBe(false);
  });
});
