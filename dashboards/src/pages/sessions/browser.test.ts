import { expect, test } from "vitest";
import { browserName } from "./browser";

test("a browser has the most particular of its names", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  const cases: [string, string | null][] = [
    [
      `Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36`,
      "Chrome 140 · Linux",
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0.1`,
      "Edge 140 · Windows",
    ],
    [
      "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      "Firefox 145 · Linux",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
      "Safari 18 · iOS",
    ],
    ["curl/8.5.0", "curl 8"],
    ["yunheng-report/2", "yunheng-report/2"],
    ["", null],
  ];
  for (const [agent, name] of cases) expect(browserName(agent)).toBe(name);
});
