import type { NewApplication, NewRequest, RequestView } from "../../api/generated";
import { type AmountDraft, amountText, defaultUnit, draftOf } from "../../components/AmountInput";
import {
  type AmountError,
  type BundleText,
  parseAmount,
  RESOURCES,
  type Resource,
} from "../../lib/amount";

import { DETAIL_KEYS, type DetailKey, type Details, isRequired } from "./details";

export const JUSTIFICATION_MIN = 10;
export const JUSTIFICATION_MAX = 2000;

const BASIS = ["users", "concurrency", "dataVolume", "approvalNumber", "funding"] as const;
export type BasisKey = (typeof BASIS)[number];
export const BASIS_KEYS: readonly BasisKey[] = BASIS;

/** The form while it is filled in: everything is text, as typed. */
export interface Draft {
  type: NewRequest["type"];
  department: string;
  application: string;
  newApplication: Required<NewApplication>;
  pool: string;
  /** With type Change: the pool to move to; empty to stay. */
  moveTo: string;
  amounts: Record<Resource, AmountDraft>;
  start: string;
  end: string;
  justification: string;
  basis: Record<BasisKey, string>;
  /** What is for people: the key of a line, and what was typed or chosen. */
  details: Details;
}

export function emptyDraft(): Draft {
  const empty = (resource: Resource) => ({ number: "", unit: defaultUnit(resource) });
  return {
    type: "Change",
    department: "",
    application: "",
    newApplication: {
      displayName: "",
      tier: "Municipal",
      hosting: "Hosted",
      zone: "ExtranetZone",
      securityGrade: 2,
      domesticIt: true,
      keyEvent: false,
      description: "",
    },
    pool: "",
    moveTo: "",
    amounts: { cpu: empty("cpu"), memory: empty("memory"), storage: empty("storage") },
    start: "",
    end: "",
    justification: "",
    basis: { users: "", concurrency: "", dataVolume: "", approvalNumber: "", funding: "" },
    details: {},
  };
}

export function withAmounts(draft: Draft, amounts: BundleText): Draft {
  const filled = Object.fromEntries(
    RESOURCES.map((resource) => [resource, draftOf(resource, amounts[resource])]),
  ) as Draft["amounts"];
  return { ...draft, amounts: filled };
}

/** A request as it was sent, to be corrected. */
export function draftFrom(request: RequestView): Draft {
  const empty = emptyDraft();
  const { newApplication, moveFrom, period, basis } = request;
  const draft: Draft = {
    ...empty,
    type: request.type,
    department: request.department,
    application: request.application,
    newApplication: { ...empty.newApplication, ...newApplication },
    // The form says where it is and where it goes; a request says where it goes and what it leaves.
    pool: moveFrom ?? request.pool,
    moveTo: moveFrom ? request.pool : "",
    start: period?.start ?? "",
    end: period?.end ?? "",
    justification: request.justification,
    basis: Object.fromEntries(BASIS.map((key) => [key, basis[key] ?? ""])) as Draft["basis"],
  };
  return withAmounts(draft, request.resources);
}

/** The whole request as it shall be: what the form does not have stays as it is. */
export function correctionOf(request: RequestView, draft: Draft): NewRequest {
  return { ...bodyOf(draft), details: request.details };
}

/** What a field says at present, by the path that the API names it with. */
export function valueAt(body: NewRequest, path: string): string {
  const value = path
    .split(".")
    .reduce<unknown>(
      (part, key) =>
        typeof part === "object" && part !== null ? (part as Record<string, unknown>)[key] : null,
      body,
    );
  return value == null ? "" : JSON.stringify(value);
}

/** The fields that were to be corrected and say still what they said. */
export function untouched(request: RequestView, draft: Draft): string[] {
  const before = correctionOf(request, draftFrom(request));
  const now = correctionOf(request, draft);
  return (request.returned?.fields ?? []).filter(
    (field) => valueAt(before, field) === valueAt(now, field),
  );
}

/** What is wrong, by the same field paths as the API uses. */
export type Faults = Partial<Record<string, Fault>>;
export type Fault =
  AmountError | "missing" | "nameShape" | "allZero" | "endBeforeStart" | "tooShort";

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME_MAX = 59;

/** Faults of the part that decides whether it fits: enough to ask for a preview when empty. */
export function amountFaults(draft: Draft): Faults {
  const faults: Faults = {};
  if (!draft.department) faults["department"] = "missing";
  if (!draft.application) faults["application"] = "missing";
  else if (draft.type === "New" && !isName(draft.application)) faults["application"] = "nameShape";
  if (!draft.pool) faults["pool"] = "missing";
  if (draft.type === "Release") return faults;
  let sum = 0n;
  for (const resource of RESOURCES) {
    const parsed = parseAmount(resource, amountText(draft.amounts[resource]));
    if (parsed.ok) sum += parsed.exact;
    else faults[`resources.${resource}`] = parsed.error;
  }
  const amountsRead = RESOURCES.every((resource) => !faults[`resources.${resource}`]);
  if (amountsRead && sum === 0n) faults["resources.cpu"] = "allZero";
  return faults;
}

function isName(name: string): boolean {
  return NAME.test(name) && name.length <= NAME_MAX;
}

export function allFaults(draft: Draft): Faults {
  const faults = amountFaults(draft);
  if (draft.type === "New" && !draft.newApplication.displayName.trim()) {
    faults["newApplication.displayName"] = "missing";
  }
  if (draft.end && !draft.start) faults["period.start"] = "missing";
  if (draft.start && draft.end && draft.end < draft.start) faults["period.end"] = "endBeforeStart";
  if (draft.type === "Renew" && !draft.end) faults["period.end"] = "missing";
  for (const key of DETAIL_KEYS) {
    if (isRequired(key, draft.type) && !draft.details[key]?.trim()) {
      faults[`details.${key}`] = "missing";
    }
  }
  if (draft.justification.trim().length < JUSTIFICATION_MIN) faults["justification"] = "tooShort";
  return faults;
}

const ZERO: BundleText = { cpu: "0", memory: "0G", storage: "0T" };

/** The request as the API takes it. Fields left empty are left out, not sent as empty text. */
export function bodyOf(draft: Draft): NewRequest {
  const basis = Object.fromEntries(
    BASIS.map((key) => [key, draft.basis[key].trim()]).filter(([, value]) => value !== ""),
  );
  return {
    department: draft.department,
    type: draft.type,
    application: draft.application,
    ...poolsOf(draft),
    resources: draft.type === "Release" ? ZERO : resourcesOf(draft),
    justification: draft.justification.trim(),
    ...(draft.type === "New" ? { newApplication: draft.newApplication } : {}),
    ...(draft.start ? { period: { start: draft.start, end: draft.end || null } } : {}),
    ...(Object.keys(basis).length > 0 ? { basis } : {}),
  };
}

/** How a line of the details is written: its name and its answer, in the writer's language. */
export type DetailText = (key: DetailKey, answer: string) => { label: string; value: string };

/** The request with the lines that are for people. */
export function requestOf(draft: Draft, textOf: DetailText): NewRequest {
  const details = DETAIL_KEYS.flatMap((key) => {
    const answer = draft.details[key]?.trim();
    return answer ? [textOf(key, answer)] : [];
  });
  return { ...bodyOf(draft), ...(details.length > 0 ? { details } : {}) };
}

/** The draft that was kept, as far as it is one: what this version doesn't know is left out. */
export function draftOfKept(content: Record<string, unknown>): Draft {
  const empty = emptyDraft();
  return like(empty, content) as Draft;
}

/** The value in the shape of the model: texts where it has texts, its own value where another shape came. */
function like(model: unknown, value: unknown): unknown {
  if (model === null || typeof model !== "object") {
    return typeof value === typeof model ? value : model;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return model;
  const kept = value as Record<string, unknown>;
  const entries = Object.entries(model).map(([key, part]) => [
    key,
    key === "details" ? texts(kept[key]) : like(part, kept[key]),
  ]);
  return Object.fromEntries(entries);
}

function texts(value: unknown): Details {
  if (value === null || typeof value !== "object") return {};
  const known = Object.entries(value).filter(
    ([key, text]) => (DETAIL_KEYS as readonly string[]).includes(key) && typeof text === "string",
  );
  return Object.fromEntries(known) as Details;
}

/** The pool that is asked, and of a move the one that the application leaves. */
function poolsOf(draft: Draft): Pick<NewRequest, "pool" | "moveFrom"> {
  const moves = draft.type === "Change" && draft.moveTo !== "" && draft.moveTo !== draft.pool;
  return moves ? { pool: draft.moveTo, moveFrom: draft.pool } : { pool: draft.pool };
}

function resourcesOf(draft: Draft): BundleText {
  return {
    cpu: amountText(draft.amounts.cpu),
    memory: amountText(draft.amounts.memory),
    storage: amountText(draft.amounts.storage),
  };
}
