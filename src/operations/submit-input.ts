/** What a caller submits, and the limits that hold for every job type. */
import { z } from "zod";
import {
  BACKOFF_BASE_MS_MAX,
  BACKOFF_KINDS,
  BACKOFF_MAX_MS_MAX,
  type BackoffKind,
  DEFAULT_BACKOFF,
} from "../domain/backoff.ts";
import { textIssue } from "../domain/storable.ts";

// A timer in Node ends at 2^31 - 1 milliseconds, 24.8 days: beyond it fires at once.
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

/** Field by field `SubmitJobInput` of the API; null means absent. */
export interface SubmitJobInput {
  readonly type: string;
  /** Any JSON value; absent or null: `{}`. */
  readonly payload?: unknown;
  readonly name?: string | null | undefined;
  readonly queue?: string | undefined;
  readonly priority?: number | undefined;
  readonly threadDemand?: number | undefined;
  readonly scheduledAt?: Date | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly maxAttempts?: number | null | undefined;
  readonly backoff?: BackoffInput | null | undefined;
  readonly timeoutMs?: number | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export interface BackoffInput {
  readonly kind?: BackoffKind | undefined;
  readonly baseMs?: number | undefined;
  readonly maxMs?: number | undefined;
  readonly jitter?: number | undefined;
}

/** All of `SubmitJobInput` but the type and the payload, which the job type's executor judges. */
export const submitSettings = z.object({
  name: text(0, 200).nullish(),
  queue: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,100}$/, "must be 1 to 100 of the characters A-Z a-z 0-9 _ . : -")
    .default("default"),
  priority: integer(-32_768, 32_767).default(0),
  threadDemand: integer(1, 256).default(1),
  scheduledAt: time().nullish(),
  expiresAt: time().nullish(),
  maxAttempts: integer(1, 1_000).nullish(),
  backoff: z
    .object({
      kind: z.enum(BACKOFF_KINDS).default(DEFAULT_BACKOFF.kind),
      baseMs: integer(0, BACKOFF_BASE_MS_MAX).default(DEFAULT_BACKOFF.baseMs),
      maxMs: integer(0, BACKOFF_MAX_MS_MAX).default(DEFAULT_BACKOFF.maxMs),
      jitter: z.number().min(0, "must be 0 to 1").max(1, "must be 0 to 1").default(0.25),
    })
    .nullish(),
  timeoutMs: integer(1, TIMEOUT_MS_MAX).nullish(),
  tags: z.array(text(1, 100)).max(20, "must be at most 20 tags").nullish(),
  idempotencyKey: text(1, 200).nullish(),
});

export type SubmitSettings = z.output<typeof submitSettings>;

function integer(min: number, max: number): z.ZodType<number> {
  const words = `must be an integer from ${min} to ${max}`;
  return z
    .number(words)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, words);
}

function text(min: number, max: number): z.ZodType<string> {
  const words =
    min === 0 ? `must be at most ${max} characters` : `must be ${min} to ${max} characters`;
  return z.string().superRefine((value, context) => {
    if (value.length < min || value.length > max) context.addIssue(words);
    else {
      const issue = textIssue(value);
      if (issue !== null) context.addIssue(issue);
    }
  });
}

function time(): z.ZodType<Date> {
  const words = "must be a time from the year 1970 to 9999";
  return z
    .date(words)
    .refine((value) => value.getTime() >= 0 && value.getTime() < YEAR_10000_MS, words);
}
