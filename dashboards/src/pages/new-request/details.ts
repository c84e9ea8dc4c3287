// The lines of the application form that are for people: they are sent as the request's details, each
// under the name that the writer saw.

export const STEPS = ["unit", "system", "resources", "basis"] as const;
export type Step = (typeof STEPS)[number];

/** By step, in the order of the paper form. */
const LINES = {
  unit: [
    "unitCode",
    "leader",
    "leaderPhone",
    "contact",
    "contactPhone",
    "builder",
    "operator",
    "project",
    "projectContent",
    "projectTerm",
    "onlineDate",
  ],
  system: ["audience", "cryptography", "dataClass", "ipv6"],
  resources: ["architecture", "storageKind", "image", "instances", "network", "backup"],
  basis: [],
} as const satisfies Record<Step, readonly string[]>;

export type DetailKey = (typeof LINES)[Step][number];
export type Details = Partial<Record<DetailKey, string>>;

export const DETAIL_KEYS: readonly DetailKey[] = STEPS.flatMap((step) => [...LINES[step]]);

export function detailsOf(step: Step): readonly DetailKey[] {
  return LINES[step];
}

/** What the form asks of a new application; of one that is there, all of it was said before. */
const REQUIRED: readonly DetailKey[] = [
  "leader",
  "leaderPhone",
  "contact",
  "contactPhone",
  "project",
];

export function isRequired(key: DetailKey, type: string): boolean {
  return type === "New" && REQUIRED.includes(key);
}

/** Answers to choose from, by their words in the language files; the others are typed. */
export const CHOICES = {
  cryptography: ["notNeeded", "planned", "passed", "failed"],
  ipv6: ["yes", "no"],
  architecture: ["x86", "arm", "any"],
  storageKind: ["block", "file", "object"],
} as const satisfies Partial<Record<DetailKey, readonly string[]>>;
export type ChoiceKey = keyof typeof CHOICES;

export function isChoice(key: DetailKey): key is ChoiceKey {
  return key in CHOICES;
}

/** The step that a field of the request is on, by the path that the API names it with. */
export function stepOf(path: string): Step {
  const detail = /^details\.(\w+)/.exec(path)?.[1];
  const of = detail && STEPS.find((step) => (LINES[step] as readonly string[]).includes(detail));
  if (of) return of;
  if (path === "department" || path === "basis.approvalNumber" || path === "basis.funding") {
    return "unit";
  }
  if (path === "type" || path === "application" || path.startsWith("newApplication")) {
    return "system";
  }
  if (path === "basis.users") return "system";
  if (/^(pool|moveFrom|resources|period)/.test(path)) return "resources";
  return "basis";
}
