import { describe, expect, it } from "vitest";
import { correctable, fieldLabel } from "./fields";

describe("the fields of a request", () => {
  it("have names for people, or keep their path", () => {
    expect(fieldLabel("resources.memory")).toBe("resource.memory");
    expect(fieldLabel("details")).toBeNull();
  });

  it("are those that the form has for the type", () => {
    expect(correctable("Release")).not.toContain("resources.cpu");
    // For another pool or application one asks anew.
    expect(correctable("Change")).not.toContain("pool");
    expect(correctable("Change")).not.toContain("newApplication.zone");
    expect(correctable("New")).toContain("newApplication.zone");
    for (const type of ["New", "Change", "Renew", "Release"]) {
      expect(correctable(type).map(fieldLabel)).not.toContain(null);
    }
  });
});
