import { afterEach, beforeEach, expect, vi } from "vitest";

// antd announces what it will remove as console warnings, one major version ahead; React reports
// wrong markup the same way. Both fail the test that caused them.
beforeEach(() => {
  vi.spyOn(console, "error");
  vi.spyOn(console, "warn");
});
afterEach(() => {
  expect(vi.mocked(console.error).mock.calls).toEqual([]);
  expect(vi.mocked(console.warn).mock.calls).toEqual([]);
});
