/** Submitting a job. */
import { DEFAULT_BACKOFF, type BackoffKind as Kind } from "../src/domain/backoff.ts";
import type { Submitted } from "../src/operations/store-keyed.ts";
import { builder } from "./builder.ts";
import {
  errorTypeName,
  IdempotencyKeyReusedError,
  InvalidInputError,
  QueueFullError,
  UnknownJobTypeError,
} from "./errors.ts";
import { Job } from "./job.ts";

const kinds = {
  EXPONENTIAL: { description: "Twice as long after each failed run: 2 s, 4 s, 8 s." },
  FIXED: { description: "The same after each failed run." },
} as const satisfies Record<Kind, { description: string }>;

const BackoffKind = builder.enumType("BackoffKind", {
  description: "How the wait between attempts grows.",
  values: kinds,
});

const BackoffInput = builder.inputType("BackoffInput", {
  description: "How long to wait after a failed run before the next. Never shorter than it says.",
  fields: (t) => ({
    kind: t.field({
      type: BackoffKind,
      required: true,
      defaultValue: DEFAULT_BACKOFF.kind,
      description: "How the wait grows.",
    }),
    baseMs: t.field({
      type: "SafeInt",
      required: true,
      defaultValue: DEFAULT_BACKOFF.baseMs,
      description: "After the first failed run, in milliseconds: 0 to 31 days.",
    }),
    maxMs: t.field({
      type: "SafeInt",
      required: true,
      defaultValue: DEFAULT_BACKOFF.maxMs,
      description: "It grows no further than this, in milliseconds: 0 to 365 days.",
    }),
    jitter: t.float({
      required: true,
      defaultValue: DEFAULT_BACKOFF.jitter,
      description: "Adds up to this share of the wait, by chance, so that jobs spread: 0 to 1.",
    }),
  }),
});

export const SubmitJobInput = builder.inputType("SubmitJobInput", {
  description: 'A job to run: `{ type: "reverse_string", payload: { text: "stressed" } }`.',
  fields: (t) => ({
    type: t.string({ required: true, description: "One of `jobTypes { name }`." }),
    payload: t.field({
      type: "JSON",
      description:
        "What the executor works on; `jobTypes { payloadSchema }` says how it must look. {} if not given.",
    }),
    name: t.string({
      description: "What to call it, for people to find it by: at most 200 characters.",
    }),
    queue: t.string({
      required: true,
      defaultValue: "default",
      description:
        "The queue it waits in, made when first named: 1 to 100 of `A-Z a-z 0-9 _ . : -`.",
    }),
    priority: t.int({
      required: true,
      defaultValue: 0,
      description: "Higher runs first: -32768 to 32767.",
    }),
    threadDemand: t.int({
      required: true,
      defaultValue: 1,
      description:
        "Worker threads to ask for: 1 to 256; a job type may ask for more by itself. It waits for a " +
        "worker that can give them. A job of a type that is not `parallelizable` gets one, and so " +
        "does one that asks for more than any worker has.",
    }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "Not before this time; now if not given.",
    }),
    expiresAt: t.field({
      type: "DateTime",
      description:
        "If it has not started by then, cancel it instead; a retry that would start later, too. It " +
        "must be in the future, by the database's clock, and later than `scheduledAt`.",
    }),
    maxAttempts: t.int({
      description:
        "How often it may be run before it counts as failed: 1 to 1000. The job type's own if not given.",
    }),
    backoff: t.field({
      type: BackoffInput,
      description:
        "How long to wait between attempts. The job type's own if not given: 2 s, 4 s, 8 s where it has none.",
    }),
    timeoutMs: t.field({
      type: "SafeInt",
      description:
        "How long one run may take, in milliseconds, up to 24.8 days. The job type's own if not given.",
    }),
    tags: t.stringList({
      description: "Words to filter by: at most 20, of 1 to 100 characters each.",
    }),
    idempotencyKey: t.string({
      description:
        "Makes a repeated submit safe: 1 to 200 characters. Same key and same input: the same job, " +
        "`created: false`. Same key, other input: IdempotencyKeyReusedError.",
    }),
  }),
});

export const SubmitJobPayload = builder.objectRef<Submitted>("SubmitJobPayload").implement({
  description: "The job is stored, and will run whatever happens to this server.",
  fields: (t) => ({
    job: t.expose("job", {
      type: Job,
      description:
        "As its submit left it: SCHEDULED, PENDING, or RUNNING if it could start at once. As it is " +
        "now, if `created` is false.",
    }),
    created: t.exposeBoolean("created", {
      description: "False if its idempotency key found the job of an earlier submit.",
    }),
  }),
});

export const SubmitJobResult = builder.unionType("SubmitJobResult", {
  description: "The stored job, or why it was not stored.",
  types: [
    SubmitJobPayload,
    InvalidInputError,
    UnknownJobTypeError,
    IdempotencyKeyReusedError,
    QueueFullError,
  ],
  resolveType: (result) =>
    result.kind === "SUBMITTED" ? "SubmitJobPayload" : errorTypeName(result),
});

builder.mutationField("submitJob", (t) =>
  t.field({
    type: SubmitJobResult,
    description: "Stores a job, to be run at once or at its time. Watch it with `jobUpdated`.",
    args: { input: t.arg({ type: SubmitJobInput, required: true, description: "The job." }) },
    resolve: (_root, { input }, { operations }) => operations.submitJob(input),
  }),
);
