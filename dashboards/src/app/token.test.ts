import { beforeEach, describe, expect, it } from "vitest";
import { forgetToken, safeReturn, takeTokenFromAddress, waitingToken } from "./token";

describe("the token of a sign-in link", () => {
  beforeEach(() => history.replaceState(null, "", "/"));

  it("leaves the address bar and can be forgotten", () => {
    history.replaceState(null, "", "/sign-in?returnTo=%2Frequests#token=abc.def-g_h");
    takeTokenFromAddress();
    expect(location.href).not.toContain("abc");
    expect(location.search).toBe("?returnTo=%2Frequests");
    expect(waitingToken()).toBe("abc.def-g_h");
    forgetToken();
    expect(waitingToken()).toBeNull();
  });

  it("is not invented", () => {
    history.replaceState(null, "", "/sign-in#section");
    takeTokenFromAddress();
    expect(location.hash).toBe("#section");
    expect(waitingToken()).toBeNull();
  });
});

describe("a return address", () => {
  it.each([
    ["/requests?tab=mine", "/requests?tab=mine"],
    ["//elsewhere.example/x", "/"],
    ["/\\elsewhere.example", "/"],
    ["https://elsewhere.example", "/"],
    ["/sign-in", "/"],
    [undefined, "/"],
  ])("%s leads to %s", (address, expected) => {
    expect(safeReturn(address)).toBe(expected);
  });
});
