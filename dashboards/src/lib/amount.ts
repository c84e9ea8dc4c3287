// Amounts as the product counts them: whole thousandths of a core, whole bytes. Text is kept as
// written wherever it came from a person or a contract; numbers here only add, compare and display.

export type Resource = "cpu" | "memory" | "storage";
export const RESOURCES: readonly Resource[] = ["cpu", "memory", "storage"];

/** One quantity string per resource, as the API writes them. */
export type BundleText = Record<Resource, string>;

/** The names that the API gives these faults, so that a form says the same words at once. */
export type AmountError =
  | "AmountEmpty"
  | "AmountNegative"
  | "AmountFraction"
  | "AmountExponent"
  | "AmountWithoutUnit"
  | "AmountUnit"
  | "AmountPadded"
  | "AmountNotANumber"
  | "AmountTooLarge";

export type Parsed = { ok: true; exact: bigint } | { ok: false; error: AmountError };

const KILO = 1000n;
const KIBI = 1024n;

interface Unit {
  factor: bigint;
  /** The most digits before it: a bound that the API server's own rule states too. */
  digits: number;
}

/** What a person may write: decimal and binary units are told apart, never guessed. */
const WRITABLE: Record<"cpu" | "bytes", Readonly<Record<string, Unit>>> = {
  cpu: { "": { factor: 1000n, digits: 11 }, m: { factor: 1n, digits: 14 } },
  bytes: {
    M: { factor: KILO ** 2n, digits: 11 },
    G: { factor: KILO ** 3n, digits: 8 },
    T: { factor: KILO ** 4n, digits: 5 },
    Mi: { factor: KIBI ** 2n, digits: 10 },
    Gi: { factor: KIBI ** 3n, digits: 7 },
    Ti: { factor: KIBI ** 4n, digits: 4 },
  },
};

/** What the API server may answer, since it normalises quantities by itself. */
const READABLE_BYTES: Readonly<Record<string, bigint>> = {
  "": 1n,
  k: KILO,
  M: KILO ** 2n,
  G: KILO ** 3n,
  T: KILO ** 4n,
  P: KILO ** 5n,
  Ki: KIBI,
  Mi: KIBI ** 2n,
  Gi: KIBI ** 3n,
  Ti: KIBI ** 4n,
  Pi: KIBI ** 5n,
};

const MILLIS_PER_CORE = 1000n;

/** Reads an amount exactly as strictly as the kinds do, so that a form refuses what the API would. */
export function parseAmount(resource: Resource, text: string): Parsed {
  if (text === "") return refuse("AmountEmpty");
  if (text.startsWith("-")) return refuse("AmountNegative");
  const [, digits = "", rest = ""] = /^(\d*)([\s\S]*)$/.exec(text) ?? [];
  if (digits === "") return refuse("AmountNotANumber");
  if (digits.length > 1 && digits.startsWith("0")) return refuse("AmountPadded");
  if (resource !== "cpu" && rest === "") {
    return digits === "0" ? { ok: true, exact: 0n } : refuse("AmountWithoutUnit");
  }
  const unit = WRITABLE[resource === "cpu" ? "cpu" : "bytes"][rest];
  if (!unit) return refuse(unitFault(rest));
  if (digits.length > unit.digits) return refuse("AmountTooLarge");
  return { ok: true, exact: BigInt(digits) * unit.factor };
}

function unitFault(rest: string): AmountError {
  if (rest.startsWith(".")) return "AmountFraction";
  return /^[eE]\d/.test(rest) ? "AmountExponent" : "AmountUnit";
}

function refuse(error: AmountError): Parsed {
  return { ok: false, error };
}

/** Reads a quantity that the API answered; null for "not reported". */
export function readAmount(resource: Resource, text: string | null | undefined): bigint | null {
  if (text === null || text === undefined) return null;
  const match = /^(-?)(\d+)([A-Za-z]*)$/.exec(text);
  if (!match) return null;
  const number = BigInt(match[2] ?? "0") * (match[1] === "-" ? -1n : 1n);
  const unit = match[3] ?? "";
  if (resource === "cpu") {
    if (unit === "") return number * MILLIS_PER_CORE;
    return unit === "m" ? number : null;
  }
  const factor = READABLE_BYTES[unit];
  return factor === undefined ? null : number * factor;
}

/** The unit that a column of this resource shows by default: cores, G, T. */
const COLUMN_UNIT: Record<Resource, { unit: string; factor: bigint }> = {
  cpu: { unit: "cores", factor: MILLIS_PER_CORE },
  memory: { unit: "G", factor: KILO ** 3n },
  storage: { unit: "T", factor: KILO ** 4n },
};

export interface Figure {
  /** The number with thousands separators. */
  number: string;
  /** `cores` stands for the word of the current language; G and T are the same in all. */
  unit: "cores" | "G" | "T";
}

/** An amount in the one unit of its column. Small amounts keep up to three decimals, others one. */
export function figureOf(resource: Resource, exact: bigint): Figure {
  const { unit, factor } = COLUMN_UNIT[resource];
  const value = Number(exact) / Number(factor);
  const whole = exact % factor === 0n;
  const decimals = whole ? 0 : Math.abs(value) < 10 ? 3 : 1;
  return {
    number: value.toLocaleString("en-US", { maximumFractionDigits: decimals }),
    unit: unit as Figure["unit"],
  };
}

/** The same amount in the other units, for whoever must be sure what G and T mean here. */
export function otherForms(resource: Resource, exact: bigint): string[] {
  if (resource === "cpu") return [`${group(exact)} m`];
  const units = resource === "memory" ? ["Gi", "T"] : ["Ti", "G"];
  const forms = units.map((unit) => {
    const factor = READABLE_BYTES[unit] ?? 1n;
    const value = Number(exact) / Number(factor);
    return `${value.toLocaleString("en-US", { maximumFractionDigits: 2 })} ${unit}`;
  });
  return [...forms, `${group(exact)} B`];
}

function group(exact: bigint): string {
  return exact.toLocaleString("en-US");
}

/** part ÷ whole for drawing; null at 0/0, so that nobody draws an empty total as a full bar. */
export function ratio(part: bigint | null, whole: bigint | null): number | null {
  if (part === null || whole === null || whole === 0n) return null;
  return Number((part * 1_000_000n) / whole) / 1_000_000;
}

/** A rate in percent with one decimal, half up, in exact arithmetic; null at 0/0. */
export function percent(part: bigint | null, whole: bigint | null): string | null {
  if (part === null || whole === null || whole === 0n) return null;
  const sign = part < 0n ? "-" : "";
  const magnitude = part < 0n ? -part : part;
  const tenths = (magnitude * 2000n + whole) / (2n * whole);
  return `${sign}${tenths / 10n}.${tenths % 10n}`;
}
