import { reportAnswer, reportSilence } from "../app/connection";
import { preferences } from "../app/preferences";
import { failureFrom } from "./failure";
import { client } from "./generated/client.gen";

// An approval answers within 10 s by contract; three times that means nobody is there.
const TIMEOUT_MS = 30_000;

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

let csrfToken: string | null = null;

/** The session's token, which every write with the cookie has to repeat in a header. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

export function setUpClient(): void {
  client.setConfig({ credentials: "same-origin", fetch: watchedFetch });
  client.interceptors.request.use((request) => {
    request.headers.set("Accept-Language", preferences().language);
    if (csrfToken && !SAFE.has(request.method)) request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  });
  client.interceptors.error.use((error, response) => failureFrom(error, response));
}

/** fetch that notices whether the API is there at all. */
async function watchedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await fetch(new Request(request, { signal }));
    const problem = response.headers.get("Content-Type")?.includes("problem+json") ?? false;
    if (response.status >= 502 && response.status <= 504 && !problem) reportSilence();
    else reportAnswer();
    return response;
  } catch (error) {
    // A page that was left cancels its calls; that says nothing about the API.
    if (!request.signal.aborted) reportSilence();
    throw error;
  }
}
