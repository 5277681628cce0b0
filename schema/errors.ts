/** What a caller must expect to go wrong: data in the result, not GraphQL errors. */
import type { UserErrorCode as Code, InputIssue as Issue } from "../src/domain/errors.ts";
import type * as failures from "../src/operations/failures.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";

const codes = {
  INVALID_INPUT: { description: "The input breaks a rule; see `issues`." },
  UNKNOWN_JOB_TYPE: { description: "No executor runs this type; see `knownTypes`." },
  NOT_FOUND: { description: "There is nothing with this id." },
  INVALID_STATE: { description: "The job's status does not allow it; see `job`." },
  IDEMPOTENCY_KEY_REUSED: {
    description: "The key belongs to a job of other input; see `existingJob`.",
  },
  QUEUE_FULL: {
    description: "The queue takes no more for now; see `retryAfterMs`. Not answered yet.",
  },
  BATCH_REJECTED: { description: "Nothing of the list was stored; see `rejected`." },
} as const satisfies Record<Code, { description: string }>;

const UserErrorCode = builder.enumType("UserErrorCode", {
  description: "Which kind of expected failure it is; each has a type of its own.",
  values: codes,
});

const TYPE_NAMES = {
  INVALID_INPUT: "InvalidInputError",
  UNKNOWN_JOB_TYPE: "UnknownJobTypeError",
  NOT_FOUND: "NotFoundError",
  INVALID_STATE: "InvalidStateError",
  IDEMPOTENCY_KEY_REUSED: "IdempotencyKeyReusedError",
  QUEUE_FULL: "QueueFullError",
  BATCH_REJECTED: "BatchRejectedError",
} as const satisfies Record<Code, string>;

/** The GraphQL type of a failure: what `resolveType` of the unions needs. */
export function errorTypeName(error: failures.UserError): string {
  return TYPE_NAMES[error.kind];
}

export const UserError = builder.interfaceRef<failures.UserError>("UserError").implement({
  description:
    "Every expected failure implements this, so `... on UserError { code message path }` always works.",
  fields: (t) => ({
    code: t.expose("kind", { type: UserErrorCode, description: "To branch on." }),
    message: t.exposeString("message", { description: "A sentence for the person who reads it." }),
    path: t.exposeStringList("path", {
      description:
        'Where in the input: `["payload", "to"]`. From the job\'s own fields down, also when it came ' +
        "in a list.",
    }),
  }),
  resolveType: errorTypeName,
});

const InputIssue = builder.objectRef<Issue>("InputIssue").implement({
  description: "One thing that is wrong with the input.",
  fields: (t) => ({
    message: t.exposeString("message", {
      description: "What is wrong with it, or what would be right.",
    }),
    path: t.exposeStringList("path", { description: 'Where: `["payload", "to"]`.' }),
  }),
});

export const InvalidInputError = builder
  .objectRef<failures.InvalidInput>("InvalidInputError")
  .implement({
    description: "The input breaks rules, and was not stored.",
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.expose("issues", {
        type: [InputIssue],
        description: "Everything that is wrong, each with its place.",
      }),
    }),
  });

export const UnknownJobTypeError = builder
  .objectRef<failures.UnknownJobType>("UnknownJobTypeError")
  .implement({
    description: "No executor runs jobs of this type.",
    interfaces: [UserError],
    fields: (t) => ({
      knownTypes: t.exposeStringList("knownTypes", { description: "The types that there are." }),
    }),
  });

export const IdempotencyKeyReusedError = builder
  .objectRef<failures.IdempotencyKeyReused>("IdempotencyKeyReusedError")
  .implement({
    description: "The idempotency key was used before, with other input.",
    interfaces: [UserError],
    fields: (t) => ({
      existingJob: t.expose("existingJob", {
        type: Job,
        description: "The job that the key belongs to.",
      }),
    }),
  });

export const QueueFullError = builder.objectRef<failures.QueueFull>("QueueFullError").implement({
  description: "The queue holds as many waiting jobs as it may. No queue has such a bound yet.",
  interfaces: [UserError],
  fields: (t) => ({
    retryAfterMs: t.exposeInt("retryAfterMs", {
      description: "In how many milliseconds it is worth another try.",
    }),
  }),
});

export const NotFoundError = builder.objectRef<failures.NotFound>("NotFoundError").implement({
  description: "There is nothing with this id, or nothing any more.",
  interfaces: [UserError],
});

export const InvalidStateError = builder
  .objectRef<failures.InvalidState>("InvalidStateError")
  .implement({
    description: "The job's status does not allow what was asked.",
    interfaces: [UserError],
    fields: (t) => ({
      job: t.expose("job", { type: Job, description: "The job as it is." }),
    }),
  });
