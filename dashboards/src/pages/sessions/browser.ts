// Browsers call themselves by the names of all their ancestors; the most particular one counts.
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/\bQQBrowser\/(\d+)/, "QQ"],
  [/\bMicroMessenger\/(\d+)/, "WeChat"],
  [/\bFirefox\/(\d+)/, "Firefox"],
  [/\b(?:Headless)?Chrom(?:e|ium)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//, "Safari"],
  [/^curl\/(\d+)/, "curl"],
];

const SYSTEMS: [RegExp, string][] = [
  [/HarmonyOS/, "HarmonyOS"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/UOS/, "UOS"],
  [/Linux/, "Linux"],
];

/** A short name such as “Chrome 140 · Linux”; nothing if the program says nothing that is known. */
export function browserName(agent: string): string | null {
  for (const [pattern, name] of BROWSERS) {
    const found = pattern.exec(agent);
    if (!found) continue;
    const system = SYSTEMS.find(([one]) => one.test(agent))?.[1];
    return [`${name} ${found[1] ?? ""}`.trim(), system].filter(Boolean).join(" · ");
  }
  return agent.trim() === "" ? null : agent.slice(0, 40);
}
