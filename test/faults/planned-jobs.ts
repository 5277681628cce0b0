/** Jobs of every built-in kind, with what must become of them. */
import type { Random } from "../store/random.ts";
import type { JobInput } from "./documents.ts";
import type { Behaviour, Ledger } from "./ledger.ts";

export interface PlannedJob {
  /** Its idempotency key, and its name in the ledger if it is a webhook. */
  readonly key: string;
  readonly input: JobInput;
  /** What it becomes as long as enough attempts are left; ANY: how it ends is left to the case. */
  readonly ends: "COMPLETED" | "FAILED" | "ANY";
}

export interface MixOptions {
  readonly count: number;
  readonly prefix: string;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Enough that no crash spends the last one, unless it is said otherwise. */
  readonly maxAttempts?: number;
  /** Longest time that a webhook takes. */
  readonly webhookMs?: number;
  /** Furthest into the future that a job is scheduled. */
  readonly delayMs?: number;
}

const ATTEMPTS = 50;
const QUICK_BACKOFF = { kind: "EXPONENTIAL", baseMs: 100, maxMs: 1_000, jitter: 0.25 };

/** Half webhooks, one in ten of which fails at first; a few that can only fail; a third is due later. */
export function mixedJobs(options: MixOptions): PlannedJob[] {
  const { count, prefix, random, delayMs = 2_000, maxAttempts = ATTEMPTS } = options;
  return Array.from({ length: count }, (_, index) => {
    const key = `${prefix}-${index}`;
    const { ends, ...kind } = random.chance(0.5)
      ? webhook(key, options)
      : random.pick([sum, reversed, hopeless])(key);
    const dueLater = random.chance(0.3);
    const scheduledAt = new Date(Date.now() + random.below(delayMs) + 1).toISOString();
    const input = {
      ...kind,
      idempotencyKey: key,
      maxAttempts,
      backoff: QUICK_BACKOFF,
      priority: random.below(3),
      queue: random.pick(["default", "mail", "reports"]),
      ...(dueLater && { scheduledAt }),
    };
    return { key, input, ends };
  });
}

export interface WebhookOptions extends Behaviour {
  readonly count: number;
  readonly prefix: string;
  /** Laid over each input. */
  readonly more?: Partial<JobInput>;
}

/** Webhooks that are answered as it is said, and go well in the end. */
export function webhooks(
  ledger: Ledger,
  { count, prefix, more = {}, ...behaviour }: WebhookOptions,
): PlannedJob[] {
  return Array.from({ length: count }, (_, index) => {
    const key = `${prefix}-${index}`;
    const payload = { url: ledger.url(key, behaviour), method: "GET" };
    const usual = { idempotencyKey: key, maxAttempts: ATTEMPTS, backoff: QUICK_BACKOFF };
    return { key, input: { type: "webhook", payload, ...usual, ...more }, ends: "COMPLETED" };
  });
}

type Kind = Pick<JobInput, "type" | "payload"> & Pick<PlannedJob, "ends">;

function webhook(key: string, { ledger, random, webhookMs = 40 }: MixOptions): Kind {
  const fail = random.chance(0.1) ? 1 : 0;
  const url = ledger.url(key, { ms: random.below(webhookMs), fail });
  return { type: "webhook", payload: { url, method: "GET" }, ends: "COMPLETED" };
}

function sum(): Kind {
  return { type: "add_numbers", payload: { a: 20, b: 22 }, ends: "COMPLETED" };
}

function reversed(key: string): Kind {
  return { type: "reverse_string", payload: { text: key }, ends: "COMPLETED" };
}

/** Its sum is no safe integer, which no retry can mend. */
function hopeless(): Kind {
  const payload = { a: Number.MAX_SAFE_INTEGER, b: Number.MAX_SAFE_INTEGER };
  return { type: "add_numbers", payload, ends: "FAILED" };
}
