import { QueryCache, QueryClient } from "@tanstack/react-query";
import { toFailure } from "../api/failure";
import { reportStale } from "./connection";

/** Set by the router: where a person goes whose session has ended. */
let onSignedOut: () => void = () => {};

export function setOnSignedOut(act: () => void): void {
  onSignedOut = act;
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onSuccess: (data) => {
      if (saysStale(data)) reportStale(data.stale);
    },
    onError: (error) => {
      if (toFailure(error).unauthorized) onSignedOut();
    },
  }),
  defaultOptions: {
    queries: {
      // Events say when something changed; refetching on a hunch would only make figures jump.
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      // A refusal stays one. What may pass is tried twice more, a second apart.
      retry: (count, error) => count < 2 && toFailure(error).passing,
      retryDelay: 1_000,
      networkMode: "always",
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** Lists and the overview say whether the cluster can be followed. */
function saysStale(data: unknown): data is { stale: boolean } {
  return typeof data === "object" && data !== null && "stale" in data;
}

/** Reads all that is shown again; what is not on screen is read when it is next needed. */
export function refreshAll(): void {
  void queryClient.invalidateQueries();
}
