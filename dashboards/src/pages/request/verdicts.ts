import type { Action, NewDecision, RequestView, Verdict } from "../../api/generated";
import {
  type BundleText,
  parseAmount,
  RESOURCES,
  type Resource,
  readAmount,
} from "../../lib/amount";

/** A refusal owes the department a reason; the kinds refuse shorter ones. */
export const REASON_MIN = 10;
export const REASON_MAX = 2000;

/** What is asked before a verdict is sent. */
export type Form = "none" | "reason" | "return" | "offer" | "name";

export function formOf(action: Pick<Action, "verdict" | "needsReason">): Form {
  if (action.verdict === "Return") return "return";
  if (action.verdict === "Offer") return "offer";
  // The one thing that takes from somebody what he has: its name is typed.
  if (action.verdict === "Reclaim") return "name";
  return action.needsReason ? "reason" : "none";
}

/** What brings a request on stands first, what ends it last. */
const ORDER: readonly Verdict[] = [
  "Accept",
  "Take",
  "Approve",
  "AcceptOffer",
  "Confirm",
  "Reinstate",
  "Offer",
  "Return",
  "DeclineOffer",
  "Reject",
  "Cancel",
  "Reclaim",
  "Withdraw",
  "Urge",
];
const FORWARD: readonly Verdict[] = ORDER.slice(0, 6);
const ENDING: readonly Verdict[] = ["Reject", "Cancel", "Reclaim"];

export function inOrder(actions: readonly Action[]): Action[] {
  const place = (action: Action) => ORDER.indexOf(action.verdict);
  return [...actions].sort((a, b) => place(a) - place(b));
}

export function isForward(verdict: Verdict): boolean {
  return FORWARD.includes(verdict);
}

export function isEnding(verdict: Verdict): boolean {
  return ENDING.includes(verdict);
}

/** Verdicts that carry an opinion, where there is one to tell. */
export function takesOpinion(verdict: Verdict): boolean {
  return verdict === "Accept" || verdict === "Approve" || verdict === "Confirm";
}

export interface Said {
  reason?: string;
  reasonCode?: string;
  fields?: readonly string[];
  resources?: BundleText;
}

/** The decision as the API takes it: on what was looked at, and nothing that was left empty. */
export function bodyOf(request: RequestView, verdict: Verdict, said: Said): NewDecision {
  const reason = said.reason?.trim();
  return {
    verdict,
    requestRevision: request.revision,
    ...(request.decisionStage ? { stage: request.decisionStage } : {}),
    ...(reason ? { reason } : {}),
    ...(said.reasonCode ? { reasonCode: said.reasonCode } : {}),
    ...(said.fields?.length ? { fields: [...said.fields] } : {}),
    ...(said.resources ? { resources: said.resources } : {}),
  };
}

export function isReason(text: string): boolean {
  const length = [...text.trim()].length;
  return length >= REASON_MIN && length <= REASON_MAX;
}

export type OfferFault = "unreadable" | "outside" | "nothing" | "all";

/** Whether this resource was asked to grow: what was not, an offer leaves as it was asked for. */
export function grows(request: RequestView, resource: Resource): boolean {
  const has = readAmount(resource, request.current[resource]) ?? 0n;
  return (readAmount(resource, request.resources[resource]) ?? 0n) > has;
}

/** What is wrong with an offer, by resource or as a whole; the same rules as the operator's. */
export function offerFault(
  request: RequestView,
  offer: BundleText,
): { resource: Resource | null; fault: OfferFault } | null {
  let more = false;
  let less = false;
  for (const resource of RESOURCES) {
    const parsed = parseAmount(resource, offer[resource]);
    if (!parsed.ok) return { resource, fault: "unreadable" };
    const has = readAmount(resource, request.current[resource]) ?? 0n;
    const asked = readAmount(resource, request.resources[resource]) ?? 0n;
    const low = asked > has ? has : asked;
    if (parsed.exact < low || parsed.exact > asked) return { resource, fault: "outside" };
    more ||= parsed.exact > has;
    less ||= parsed.exact < asked;
  }
  if (!more) return { resource: null, fault: "nothing" };
  return less ? null : { resource: null, fault: "all" };
}
