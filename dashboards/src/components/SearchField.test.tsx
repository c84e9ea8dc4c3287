import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SearchField } from "./SearchField";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function field(value: string, onSearch: (text: string) => void) {
  return <SearchField label="搜索" placeholder="" value={value} onSearch={onSearch} />;
}

const input = () => screen.getByRole<HTMLInputElement>("searchbox");
const type = (value: string) => fireEvent.change(input(), { target: { value } });
const pause = () => act(() => vi.advanceTimersByTime(300));

it("searches once typing rests", () => {
  const search = vi.fn();
  render(field("", search));
  type("婚");
  type("婚姻");
  expect(search).not.toHaveBeenCalled();
  pause();
  expect(search.mock.calls).toEqual([["婚姻"]]);
});

it("keeps the letter that was typed while the search came back", () => {
  const search = vi.fn();
  const { rerender } = render(field("", search));
  type("婚");
  pause();
  type("婚姻");
  rerender(field("婚", search));
  expect(input().value).toBe("婚姻");
  pause();
  expect(search.mock.calls).toEqual([["婚"], ["婚姻"]]);
});

it("follows the address when it changes by itself", () => {
  const search = vi.fn();
  const { rerender } = render(field("婚姻", search));
  rerender(field("", search));
  expect(input().value).toBe("");
  pause();
  expect(search).not.toHaveBeenCalled();
});
