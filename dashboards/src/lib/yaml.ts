// Just enough YAML to show an object: block style, strings quoted whenever they could be read as
// something else. It is written for eyes and for `kubectl apply`, never parsed here.

export type Plain =
  string | number | boolean | null | Plain[] | { [key: string]: Plain | undefined };

export function toYaml(value: Plain, indent = 0): string {
  const pad = "  ".repeat(indent);
  if (Array.isArray(value)) {
    if (value.length === 0) return `${pad}[]\n`;
    return value.map((item) => listItem(item, indent)).join("");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(
      (entry): entry is [string, Plain] => entry[1] !== undefined,
    );
    if (entries.length === 0) return `${pad}{}\n`;
    return entries.map(([key, item]) => mapEntry(key, item, indent)).join("");
  }
  return `${pad}${scalar(value)}\n`;
}

function mapEntry(key: string, value: Plain, indent: number): string {
  const head = `${"  ".repeat(indent)}${/^[\w./-]+$/.test(key) ? key : JSON.stringify(key)}:`;
  if (isScalar(value) || isEmpty(value)) return `${head} ${toYaml(value).trimStart()}`;
  // Lists stand at their key's own depth, as kubectl prints them.
  return `${head}\n${toYaml(value, Array.isArray(value) ? indent : indent + 1)}`;
}

function listItem(value: Plain, indent: number): string {
  const pad = "  ".repeat(indent);
  return `${pad}- ${toYaml(value, indent + 1).trimStart()}`;
}

function isScalar(value: Plain): value is string | number | boolean | null {
  return value === null || typeof value !== "object";
}

function isEmpty(value: Plain): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Words that YAML would read as something other than text, or that contain its own signs. */
const AMBIGUOUS =
  /^$|^[\s>|&*!%@`'"?#,[\]{}-]|: |:$| #|\s$|[\n\t]|^(true|false|null|yes|no|on|off|~)$|^[-+.]?\d/i;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return AMBIGUOUS.test(value) ? JSON.stringify(value) : value;
}
