/** Running one job again after its end. */
import type { Retried } from "../src/operations/retry-job.ts";
import { builder } from "./builder.ts";
import { errorTypeName, InvalidStateError, NotFoundError } from "./errors.ts";
import { Job } from "./job.ts";

const RetryJobInput = builder.inputType("RetryJobInput", {
  description: "Which job to run again.",
  fields: (t) => ({
    id: t.id({ required: true, description: "`Job.id` of a FAILED or CANCELLED job." }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "Not before this time. Not given, or in the past: at once.",
    }),
  }),
});

const RetryJobPayload = builder.objectRef<Retried>("RetryJobPayload").implement({
  description: "The job waits to be run again.",
  fields: (t) => ({
    job: t.expose("job", { type: Job, description: "PENDING, or SCHEDULED for its time." }),
  }),
});

const RetryJobResult = builder.unionType("RetryJobResult", {
  description: "The job, or why it cannot be retried.",
  types: [RetryJobPayload, NotFoundError, InvalidStateError],
  resolveType: (result) => (result.kind === "RETRIED" ? "RetryJobPayload" : errorTypeName(result)),
});

builder.mutationField("retryJob", (t) =>
  t.field({
    type: RetryJobResult,
    description:
      "Makes a FAILED or CANCELLED job ready again, with `maxAttempts` attempts left; `attempt` goes on " +
      "rising. An `expiresAt` that is not later than the new start no longer counts.",
    args: { input: t.arg({ type: RetryJobInput, required: true, description: "Which job." }) },
    resolve: (_root, { input }, { operations }) => operations.retryJob(input),
  }),
);
