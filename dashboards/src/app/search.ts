// What stands behind ? in an address: plain text values, so that links are short and readable.

export type Search = Record<string, string>;

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function writeSearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter(
    (pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "",
  );
  const text = new URLSearchParams(pairs).toString();
  return text === "" ? "" : `?${text}`;
}

/** Keeps the known keys of an address, as text; anything else is dropped. */
export function pick<const Key extends string>(
  keys: readonly Key[],
): (raw: Record<string, unknown>) => { [K in Key]?: string } {
  return (raw) => {
    const kept: { [K in Key]?: string } = {};
    for (const key of keys) {
      const value = raw[key];
      if (typeof value === "string" && value !== "") kept[key] = value;
    }
    return kept;
  };
}
