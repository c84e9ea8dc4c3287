import type { ReactNode } from "react";
import { ErrorView } from "./ErrorView";
import { Loading } from "./Loading";

interface QueryViewProps<Data> {
  query: { data: Data | undefined; error: unknown; refetch: () => unknown };
  lines?: number;
  children: (data: Data) => ReactNode;
}

/**
 * The states of whatever is read: loading, failed, there. Data that were read once stay on screen
 * when reading them again fails; the failure then stands above them.
 */
export function QueryView<Data>({ query, lines, children }: QueryViewProps<Data>) {
  const { data, error, refetch } = query;
  if (data === undefined) {
    if (error) return <ErrorView error={error} onRetry={() => void refetch()} />;
    return <Loading {...(lines ? { lines } : {})} />;
  }
  return (
    <>
      {error ? <ErrorView error={error} onRetry={() => void refetch()} /> : null}
      {children(data)}
    </>
  );
}
