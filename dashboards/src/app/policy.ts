import { useQuery } from "@tanstack/react-query";
import { showPolicyOptions } from "../api/generated/@tanstack/react-query.gen";

export interface Thresholds {
  warn: number;
  critical: number;
}

/** From which allocation rates a pool warns: the city's own thresholds, absent without a policy. */
export function useThresholds(): Thresholds | undefined {
  const { data } = useQuery({ ...showPolicyOptions(), staleTime: Number.POSITIVE_INFINITY });
  const percentOf = (key: string) => data?.values.find((value) => value.key === key)?.value;
  const warn = percentOf("pool.warn");
  const critical = percentOf("pool.critical");
  return warn === undefined || critical === undefined
    ? undefined
    : { warn: Number(warn), critical: Number(critical) };
}
