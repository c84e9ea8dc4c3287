// The fields of a request by the paths that the API names them with, and what people call them.

/** Keys of the language files; a path that is not here is shown as it is. */
const LABELS = {
  type: "field.type",
  application: "field.application",
  pool: "field.pool",
  moveFrom: "field.moveFrom",
  "resources.cpu": "resource.cpu",
  "resources.memory": "resource.memory",
  "resources.storage": "resource.storage",
  period: "field.period",
  "period.start": "newRequest.start",
  "period.end": "newRequest.end",
  justification: "field.justification",
  basis: "newRequest.why",
  "basis.users": "basis.users",
  "basis.concurrency": "basis.concurrency",
  "basis.dataVolume": "basis.dataVolume",
  "basis.approvalNumber": "basis.approvalNumber",
  "basis.funding": "basis.funding",
  "newApplication.displayName": "newRequest.displayName",
  "newApplication.tier": "field.tier",
  "newApplication.hosting": "field.hosting",
  "newApplication.zone": "field.zone",
  "newApplication.securityGrade": "field.securityGrade",
  "newApplication.domesticIt": "field.domesticIt",
  "newApplication.keyEvent": "field.keyEvent",
} as const;

export type FieldPath = keyof typeof LABELS;
type FieldLabel = (typeof LABELS)[FieldPath];

export function fieldLabel(path: string): FieldLabel | null {
  return path in LABELS ? LABELS[path as FieldPath] : null;
}

const AMOUNTS = ["resources.cpu", "resources.memory", "resources.storage"] as const;
const GROUNDS = [
  "period.start",
  "period.end",
  "justification",
  "basis.users",
  "basis.concurrency",
  "basis.dataVolume",
  "basis.approvalNumber",
  "basis.funding",
] as const;
const NEW_APPLICATION = [
  "newApplication.displayName",
  "newApplication.tier",
  "newApplication.hosting",
  "newApplication.zone",
  "newApplication.securityGrade",
  "newApplication.domesticIt",
  "newApplication.keyEvent",
] as const;

/** What the department can be asked to correct: what its form has for a request of this type. */
export function correctable(type: string): FieldPath[] {
  return [
    ...(type === "New" ? NEW_APPLICATION : []),
    ...(type === "Release" ? [] : AMOUNTS),
    ...GROUNDS,
  ];
}
