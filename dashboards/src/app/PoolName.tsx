import { useQuery } from "@tanstack/react-query";
import { listPoolsOptions } from "../api/generated/@tanstack/react-query.gen";

/** The names of pools for people; everybody may see that a pool exists. */
export function usePoolName(): (pool: string) => string {
  const { data } = useQuery(listPoolsOptions());
  return (pool) => data?.items.find((one) => one.name === pool)?.displayName ?? pool;
}

export function PoolName({ pool }: { pool: string }) {
  return <span title={pool}>{usePoolName()(pool)}</span>;
}

/** By its provider, who has one pool, where a whole name would take the room of a figure. */
export function PoolProvider({ pool }: { pool: string }) {
  const { data } = useQuery(listPoolsOptions());
  const found = data?.items.find((one) => one.name === pool);
  return <span title={found?.displayName ?? pool}>{found?.provider.name ?? pool}</span>;
}
