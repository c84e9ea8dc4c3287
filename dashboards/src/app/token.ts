// A sign-in link carries its token behind #, which browsers never send to a server. It is taken out
// of the address before anything else runs and kept in memory until the sign-in page uses it.

let waiting: string | null = null;

export function takeTokenFromAddress(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  waiting = token;
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** The token of the link, until it has been used. */
export function waitingToken(): string | null {
  return waiting;
}

/** After this nobody finds the token any more. */
export function forgetToken(): void {
  waiting = null;
}

/** A return address counts only if it stays on this site. */
export function safeReturn(address: string | undefined): string {
  const stays = address?.startsWith("/") && !address.startsWith("//") && !address.includes("\\");
  return stays && !address?.startsWith("/sign-in") ? (address ?? "/") : "/";
}
