import type { AllocationView, ApplicationView } from "../../api/generated";

/** The first of the warnings that a department gets, in days. */
const SOON_DAYS = 30;
const MILLIS_PER_DAY = 86_400_000;

export interface Ending {
  application: ApplicationView;
  allocation: AllocationView;
}

/** Quotas that end within a month, the first to end first. What has ended waits too. */
export function endingSoon(applications: readonly ApplicationView[], now: Date): Ending[] {
  const until = now.getTime() + SOON_DAYS * MILLIS_PER_DAY;
  return applications
    .flatMap((application) =>
      application.allocations.map((allocation) => ({ application, allocation })),
    )
    .filter(({ allocation }) => endOf(allocation) <= until)
    .sort((a, b) => endOf(a.allocation) - endOf(b.allocation));
}

function endOf(allocation: AllocationView): number {
  const end = allocation.expiresAt ? Date.parse(allocation.expiresAt) : Number.NaN;
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end;
}
