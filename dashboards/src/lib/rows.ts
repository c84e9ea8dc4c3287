// J and K walk through the rows of a list; Enter is the link's own.

/** The row to go to, or null where the key says nothing or there is nowhere to go. */
export function nextRow(current: number, key: string, count: number): number | null {
  const step = key === "j" || key === "J" ? 1 : key === "k" || key === "K" ? -1 : 0;
  if (step === 0 || count === 0) return null;
  // From nowhere, J leads to the first row and K to the last.
  if (current < 0) return step > 0 ? 0 : count - 1;
  const next = current + step;
  return next < 0 || next >= count ? null : next;
}

/** Whether letters belong to what has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("input, textarea, select, dialog") !== null;
}
