// Which values stand together. A key that no group claims stands among the others, so that a value
// which the API brings along later is shown without a change here.

export const GROUPS = ["deadlines", "approval", "automatic", "days", "others"] as const;
export type Group = (typeof GROUPS)[number];

const PREFIXES: readonly (readonly [string, Group])[] = [
  ["sla.", "deadlines"],
  ["test.", "deadlines"],
  ["offer.", "deadlines"],
  ["returned.", "deadlines"],
  ["withdraw.", "deadlines"],
  ["approval.", "approval"],
  ["automatic.", "automatic"],
  ["workday.", "days"],
  ["temporary.", "days"],
];

export function groupOf(key: string): Group {
  return PREFIXES.find(([prefix]) => key.startsWith(prefix))?.[1] ?? "others";
}
