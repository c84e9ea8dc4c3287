/** One line of what an act says beyond its columns. */
export interface Told {
  key: string;
  value: string;
}

/**
 * The detail of an act, by its keys. Text that is no JSON object is shown as it is: a record is
 * never hidden because it can't be read.
 */
export function toldOf(detail: string): Told[] {
  if (detail === "") return [];
  let read: unknown;
  try {
    read = JSON.parse(detail);
  } catch {
    return [{ key: "", value: detail }];
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) {
    return [{ key: "", value: detail }];
  }
  return Object.entries(read)
    .filter(([, value]) => value !== null && value !== "")
    .map(([key, value]) => ({
      key,
      value: typeof value === "string" ? value : JSON.stringify(value, null, 2),
    }));
}
