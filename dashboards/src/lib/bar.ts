// Where the parts of a capacity bar begin and end. Pure, because the cases that matter are the odd
// ones: nothing contracted, more granted than contracted, more asked for than is left.

export interface BarInput {
  contract: bigint;
  granted: bigint;
  draining: bigint;
  held: bigint;
  requested: bigint;
  used: bigint | null;
}

export type Part = "granted" | "draining" | "held" | "requested";

export interface BarShape {
  /** empty: 0/0. over: more is out than contracted. short: pending requests ask for more than is left. */
  state: "empty" | "normal" | "short" | "over";
  /** Fractions of the bar's length. Parts of no size are left out. */
  parts: { part: Part; start: number; size: number }[];
  /** Where the contract ends; 1 unless more is out or asked for. */
  contractAt: number;
  /** How much stands beyond the contract (over) or is missing (short); 0 otherwise. */
  excess: bigint;
  usedAt: number | null;
}

const ORDER: readonly Part[] = ["granted", "draining", "held", "requested"];

export function barShape(input: BarInput): BarShape {
  const hard = input.granted + input.draining + input.held;
  const all = hard + positive(input.requested);
  const scale = largest([input.contract, all, input.used ?? 0n]);
  if (scale === 0n) {
    return { state: "empty", parts: [], contractAt: 0, excess: 0n, usedAt: null };
  }
  const parts: BarShape["parts"] = [];
  let start = 0n;
  for (const part of ORDER) {
    const size = positive(input[part]);
    if (size > 0n) parts.push({ part, start: share(start, scale), size: share(size, scale) });
    start += size;
  }
  const state = hard > input.contract ? "over" : all > input.contract ? "short" : "normal";
  const excess =
    state === "over" ? hard - input.contract : state === "short" ? all - input.contract : 0n;
  return {
    state,
    parts,
    contractAt: share(input.contract, scale),
    excess,
    usedAt: input.used === null ? null : share(input.used, scale),
  };
}

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function largest(amounts: bigint[]): bigint {
  let most = 0n;
  for (const amount of amounts) {
    if (amount > most) most = amount;
  }
  return most;
}

function share(part: bigint, whole: bigint): number {
  return Number((part * 1_000_000n) / whole) / 1_000_000;
}
