import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import type { VerificationView } from "../../api/generated";
import { startI18n } from "../../i18n";
import { Found } from "./Chain";

const found: VerificationView = {
  checkedAt: "2026-11-24T08:00:00+08:00",
  intact: true,
  rows: 1842,
  findings: [],
  head: "1842:9f86d081884c7d65",
  anchors: 3,
};

beforeAll(() => startI18n("zh-CN"));
afterEach(cleanup);

it("says that the record is whole, and what can't be known without anchors", () => {
  const { rerender } = render(<Found found={found} />);
  expect(screen.getByRole("status").textContent).toContain("1842");
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.queryByText(/没有可比对的锚点/)).toBeNull();
  rerender(<Found found={{ ...found, anchors: 0 }} />);
  expect(screen.getByText(/没有可比对的锚点/)).toBeTruthy();
});

it("names each fault of a broken record", () => {
  const findings = [
    { seq: 17, fault: "Changed" },
    { seq: 18, fault: "Unlinked" },
  ];
  render(<Found found={{ ...found, intact: false, findings }} />);
  expect(screen.getByRole("alert").textContent).toContain("2");
  const table = within(screen.getByRole("table"));
  expect(table.getByRole("row", { name: /17.*内容被修改/ })).toBeTruthy();
  expect(table.getByRole("row", { name: /18.*与前一条不衔接/ })).toBeTruthy();
});
