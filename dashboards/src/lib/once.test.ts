import { expect, it } from "vitest";
import { keyKeeper, onceKey } from "./once";

it("keeps a key for the same content alone", () => {
  const keyFor = keyKeeper();
  const first = keyFor({ cpu: "8" });
  expect(keyFor({ cpu: "8" })).toBe(first);
  expect(keyFor({ cpu: "16" })).not.toBe(first);
  expect(keyFor({ cpu: "8" })).not.toBe(first);
});

it("never makes the same key twice", () => {
  const keys = new Set(Array.from({ length: 100 }, onceKey));
  expect(keys.size).toBe(100);
});
