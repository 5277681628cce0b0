/** A definition's mistakes, found when the program starts and not when the first job runs. */
import { BACKOFF_BASE_MS_MAX, BACKOFF_KINDS, BACKOFF_MAX_MS_MAX } from "../domain/backoff.ts";

const TYPE_NAME = /^[a-z][a-z0-9_.-]{0,99}$/;
const DESCRIPTION_MAX = 2_000;
const MAX_ATTEMPTS_MAX = 1_000;
/** setTimeout fires at once past this: 24.8 days. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** A request body is 32 MiB, and 64 MiB is what an import may bring. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

/** As many as one worker may have. */
const THREADS_MAX = 256;

type Check = (value: unknown) => string | null;

const CHECKS: Readonly<Record<string, Check>> = {
  type: (value) =>
    typeof value === "string" && TYPE_NAME.test(value)
      ? null
      : "must be 1 to 100 of a-z, 0-9, _ . and -, and begin with a letter",
  description: (value) =>
    typeof value === "string" && value.trim() !== "" && value.length <= DESCRIPTION_MAX
      ? null
      : `must be a text of 1 to ${DESCRIPTION_MAX} characters`,
  payload: (value) => (isSchema(value) ? null : "must be a zod schema"),
  result: optional((value) => (isSchema(value) ? null : "must be a zod schema, or left out")),
  maxAttempts: optional((value) => wholeNumber(value, MAX_ATTEMPTS_MAX)),
  timeoutMs: optional((value) => wholeNumber(value, TIMEOUT_MS_MAX)),
  backoff: optional(backoffMistake),
  threads: optional((value) => wholeNumber(value, THREADS_MAX)),
  payloadBytesMax: optional((value) => wholeNumber(value, PAYLOAD_BYTES_MAX)),
  cpuBound: optional(trueOrFalse),
  module: optional(moduleMistake),
  parallelizable: optional(trueOrFalse),
  run: (value) => (typeof value === "function" ? null : "must be a function"),
  close: optional((value) => (typeof value === "function" ? null : "must be a function")),
};

/** @throws TypeError that names the job type and every mistake, an option that does not exist included. */
export function checkDefinition(definition: object): void {
  const given = definition as Readonly<Record<string, unknown>>;
  const mistakes: string[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    const mistake = check(given[name]);
    if (mistake !== null) mistakes.push(`${name} ${mistake}`);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(CHECKS, name)) mistakes.push(`${name} is no option of defineExecutor`);
  }
  if (given.parallelizable === false && typeof given.threads === "number" && given.threads > 1) {
    mistakes.push("threads must be 1 where parallelizable is false");
  }
  if (mistakes.length === 0) return;
  throw new TypeError(`job type ${JSON.stringify(given.type)}: ${mistakes.join("; ")}`);
}

function optional(check: Check): Check {
  return (value) => (value === undefined ? null : check(value));
}

function wholeNumber(value: unknown, max: number, min = 1): string | null {
  const fits = typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
  return fits ? null : `must be a whole number from ${min} to ${max}, not ${String(value)}`;
}

const BACKOFF_CHECKS: Readonly<Record<string, Check>> = {
  kind: optional((value) =>
    BACKOFF_KINDS.some((kind) => kind === value) ? null : `must be ${BACKOFF_KINDS.join(" or ")}`,
  ),
  baseMs: optional((value) => wholeNumber(value, BACKOFF_BASE_MS_MAX, 0)),
  maxMs: optional((value) => wholeNumber(value, BACKOFF_MAX_MS_MAX, 0)),
  jitter: optional((value) =>
    typeof value === "number" && value >= 0 && value <= 1 ? null : "must be a number from 0 to 1",
  ),
};

function backoffMistake(value: unknown): string | null {
  const words = "must be an object of kind, baseMs, maxMs and jitter";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return words;
  for (const [name, part] of Object.entries(value)) {
    const check = Object.hasOwn(BACKOFF_CHECKS, name) ? BACKOFF_CHECKS[name] : undefined;
    if (check === undefined) return `${words}, and not of ${name}`;
    const mistake = check(part);
    if (mistake !== null) return `has a ${name} that ${mistake}`;
  }
  return null;
}

function trueOrFalse(value: unknown): string | null {
  return typeof value === "boolean" ? null : "must be true or false";
}

function moduleMistake(value: unknown): string | null {
  const words = "must be import.meta.url, or an object of url, factory and settings";
  if (typeof value === "string") return URL.canParse(value) ? null : words;
  const { url, factory } = (value ?? {}) as { readonly url?: unknown; readonly factory?: unknown };
  return typeof url === "string" && URL.canParse(url) && typeof factory === "string" ? null : words;
}

/** By what it can do: a schema may come from the user's own copy of zod. */
function isSchema(value: unknown): boolean {
  const schema = value as { safeParse?: unknown; safeParseAsync?: unknown } | null | undefined;
  return typeof schema?.safeParse === "function" && typeof schema.safeParseAsync === "function";
}
