import { describe, expect, it } from "vitest";
import { address, fileName } from "./download";

describe("a file that is kept", () => {
  it("has the name that the answer gives it", () => {
    const name = encodeURIComponent("应用系统-2026-11-23.csv");
    const header = `attachment; filename="export.csv"; filename*=UTF-8''${name}`;
    expect(fileName(header)).toBe("应用系统-2026-11-23.csv");
    expect(fileName('attachment; filename="audit.csv"')).toBe("audit.csv");
    expect(fileName(null)).toBe("yunheng");
    expect(fileName("attachment; filename*=UTF-8''%E0%A4%A")).toBe("yunheng");
  });

  it("is asked for with the filters that are set", () => {
    const query = { format: "csv", q: "", tier: undefined, department: "civil affairs" };
    expect(address("/api/v1/applications", query)).toBe(
      "/api/v1/applications?format=csv&department=civil+affairs",
    );
    expect(address("/api/v1/pools", {})).toBe("/api/v1/pools");
  });
});
