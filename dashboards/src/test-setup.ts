import { afterEach, beforeEach, expect, vi } from "vitest";

// What jsdom lacks of a browser: it has no layout to observe, and knows no modal dialogs.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
);
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};

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
