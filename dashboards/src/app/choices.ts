import type {
  ApplicationState,
  Hosting,
  ListApplicationsData,
  ListDepartmentsData,
  ListRequestsData,
  Phase,
  RequestType,
  Tier,
  Zone,
} from "../api/generated";

// What a person chooses from. The types are the API's, so a value that it does not know (or a new
// one of its own that is missing in a filter) is a fault of compilation, not of use.

export const TIERS = ["NationalProvincial", "Municipal", "County"] satisfies Tier[];
export const HOSTINGS = ["Hosted", "Connected"] satisfies Hosting[];
export const ZONES = ["InternetZone", "ExtranetZone", "LeasedLineZone", "DMZ"] satisfies Zone[];
export const STATES = [
  "Enforced",
  "Pending",
  "Draining",
  "Waiting",
  "Expired",
  "NoQuota",
] satisfies ApplicationState[];
export const REQUEST_TYPES = ["Change", "New", "Renew", "Release"] satisfies RequestType[];

/** In the order of a request's way. */
export const PHASES = [
  "Submitted",
  "Accepted",
  "TechReview",
  "Offered",
  "Returned",
  "Approved",
  "Provisioning",
  "Testing",
  "Active",
  "Rejected",
  "Withdrawn",
  "Lapsed",
  "Expired",
  "Reclaiming",
  "Released",
] satisfies Phase[];

/** Phases in which a request still waits for somebody or something; the others are closed. */
const WAITING_PHASES: readonly Phase[] = [
  "Submitted",
  "Accepted",
  "TechReview",
  "Offered",
  "Returned",
  "Approved",
  "Provisioning",
  "Testing",
  "Reclaiming",
];

export function phasesOf(list: "open" | "closed" | "all"): Phase[] {
  if (list === "all") return [...PHASES];
  return PHASES.filter((phase) => WAITING_PHASES.includes(phase) === (list === "open"));
}

/** The steps that people review at. */
export const STAGES = ["Acceptance", "TechReview", "AdminApproval"] as const;

/** Until then a request would still change something; afterwards its difference is history. */
const OPEN_PHASES: readonly Phase[] = [
  "Submitted",
  "Accepted",
  "TechReview",
  "Offered",
  "Returned",
  "Approved",
  "Provisioning",
];

export function isOpen(phase: Phase): boolean {
  return OPEN_PHASES.includes(phase);
}

/** The choice that a text names, if it names one: addresses and selects hold any text. */
export function chosen<Choice extends string>(
  choices: readonly Choice[],
  text: string | undefined,
): Choice | undefined {
  return choices.find((choice) => choice === text);
}

type SortOf<Data extends { query?: { sort?: unknown } }> = NonNullable<
  NonNullable<Data["query"]>["sort"]
>;

/** Each field ascending and, with `-` in front, descending. */
function both<const Field extends string>(...fields: Field[]): (Field | `-${Field}`)[] {
  return fields.flatMap((field) => [field, `-${field}` as const]);
}

export const APPLICATION_SORTS = both(
  "displayName",
  "department",
  "tier",
  "state",
  "cpu",
  "memory",
  "storage",
) satisfies SortOf<ListApplicationsData>[];

export const DEPARTMENT_SORTS = both(
  "displayName",
  "tier",
  "applications",
) satisfies SortOf<ListDepartmentsData>[];

export const REQUEST_SORTS = both(
  "createdAt",
  "number",
  "phase",
  "department",
  "application",
  "dueAt",
  "cpu",
  "memory",
  "storage",
) satisfies SortOf<ListRequestsData>[];
