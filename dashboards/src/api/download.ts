import { preferences } from "../app/preferences";
import { failureFrom } from "./failure";

/** What to call a file whose answer doesn't say. */
const FALLBACK = "yunheng";

/** The name that the answer gives the file. */
export function fileName(disposition: string | null): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition ?? "")?.[1];
  if (!encoded) return /filename="([^"]+)"/.exec(disposition ?? "")?.[1] ?? FALLBACK;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return FALLBACK;
  }
}

/** The address with its filters; what is empty is left out. */
export function address(path: string, query: Record<string, string | undefined>): string {
  const filled = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const search = new URLSearchParams(filled).toString();
  return search === "" ? path : `${path}?${search}`;
}

/** Gets a file in the reader's language and hands it to the browser to keep. */
export async function download(path: string): Promise<void> {
  const response = await fetch(path, {
    credentials: "same-origin",
    headers: { "Accept-Language": preferences().language },
  });
  if (!response.ok) {
    const problem: unknown = await response.json().catch(() => null);
    throw failureFrom(problem, response);
  }
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(response.headers.get("Content-Disposition"));
  link.click();
  // The browser has taken it over by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
