import { describe, expect, it } from "vitest";
import type { ApplicationView } from "../../api/generated";
import { endingSoon } from "./ending";

const application = (name: string, ...ends: (string | null)[]) =>
  ({
    name,
    allocations: ends.map((expiresAt, index) => ({ name: `${name}-${index}`, expiresAt })),
  }) as unknown as ApplicationView;

describe("quotas that end soon", () => {
  it("are those of the next 30 days and those that have ended, the first to end first", () => {
    const ending = endingSoon(
      [
        application("later", "2026-12-24T00:00:00+08:00"),
        application("soon", "2026-12-20T00:00:00+08:00", null),
        application("over", "2026-11-01T00:00:00+08:00"),
        application("broken", "never"),
      ],
      new Date("2026-11-23T15:00:00+08:00"),
    );
    expect(ending.map(({ allocation }) => allocation.name)).toEqual(["over-0", "soon-0"]);
  });
});
