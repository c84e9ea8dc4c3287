// A key for a write that must happen once: sent again with the same key, because the answer was lost
// or a button was pressed twice, the server gives the first answer again.

const BYTES = 16;

export function onceKey(): string {
  // randomUUID exists in secure contexts only, and a city's intranet may still be plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Gives the same key as long as what is sent stays the same, and a new one when it changes. */
export function keyKeeper(): (content: unknown) => string {
  let kept = { text: "", key: "" };
  return (content) => {
    const text = JSON.stringify(content);
    if (text !== kept.text) kept = { text, key: onceKey() };
    return kept.key;
  };
}
