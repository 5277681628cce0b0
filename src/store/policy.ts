/** How a job is retried and how long an attempt may take, as the one text that `jobs` keeps. */
import { BACKOFF_KINDS, type Backoff } from "../domain/backoff.ts";

export interface Policy {
  readonly backoff: Backoff;
  readonly timeoutMs: number;
}

/** Few are in use at a time; callers may make up any number of them. */
const KNOWN_MAX = 1_000;
const known = new Map<string, Policy>();

/** `[kind, base ms, max ms, jitter, timeout ms]`; the kind is its place in BACKOFF_KINDS. */
export function policyText({ backoff, timeoutMs }: Policy): string {
  const { kind, baseMs, maxMs, jitter } = backoff;
  return `[${BACKOFF_KINDS.indexOf(kind)},${baseMs},${maxMs},${jitter},${timeoutMs}]`;
}

/**
 * The same object for the same text, as long as there are few.
 *
 * @throws RangeError for a back-off of a newer version of this code
 */
export function policyOf(text: string): Policy {
  const found = known.get(text);
  if (found !== undefined) return found;
  const policy = parse(text);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(text, policy);
  return policy;
}

function parse(text: string): Policy {
  const [code = -1, baseMs = 0, maxMs = 0, jitter = 0, timeoutMs = 0] = JSON.parse(
    text,
  ) as number[];
  const kind = BACKOFF_KINDS[code];
  if (kind === undefined) throw new RangeError(`no back-off has the number ${code}`);
  return Object.freeze({ backoff: Object.freeze({ kind, baseMs, maxMs, jitter }), timeoutMs });
}
