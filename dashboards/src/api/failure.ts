import type { Problem } from "./generated";

/** Whatever went wrong with a call, in the one shape that pages show: cause, field, next step, id. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly kind: "problem" | "away" | "unreadable";
  readonly status: number | null;
  readonly problem: Problem | null;

  constructor(kind: Failure["kind"], status: number | null, problem: Problem | null) {
    super(problem?.detail ?? kind);
    this.kind = kind;
    this.status = status;
    this.problem = problem;
  }

  get unauthorized(): boolean {
    return this.status === 401;
  }

  /** Trying the same again makes sense: nothing was said about the call itself. */
  get passing(): boolean {
    return this.kind === "away" || this.status === 503;
  }

  /** The sentence about one field of a form, by its path; the head problem counts as well. */
  fieldMessage(field: string): string | null {
    const problem = this.problem;
    if (!problem) return null;
    const named = problem.errors?.find((error) => error.field === field);
    if (named) return named.message;
    return problem.field === field ? problem.detail : null;
  }
}

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("unreadable", null, null);
}

/** Turns what the generated client throws into a Failure; runs as its error interceptor. */
export function failureFrom(error: unknown, response: Response | undefined): Failure {
  if (!response) return new Failure("away", null, null);
  if (isProblem(error)) return new Failure("problem", response.status, error);
  // A proxy in front of the API answers 502 to 504 in words of its own when the API is away.
  const away = response.status >= 502 && response.status <= 504;
  return new Failure(away ? "away" : "unreadable", response.status, null);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "title" in value;
}
