/** Submitting many jobs at once. */
import type { BatchRejected, RejectedJob as Rejected } from "../src/operations/failures.ts";
import type { BulkPolicy as Policy, SubmittedJobs } from "../src/operations/submit-jobs.ts";
import { builder } from "./builder.ts";
import { errorTypeName, InvalidInputError, QueueFullError, UserError } from "./errors.ts";
import { SubmitJobInput, SubmitJobResult } from "./submit-job.ts";

const policies = {
  REJECT_ALL: { description: "All or none: one bad job, and nothing is stored." },
  REJECT_FAILED: { description: "Store the good ones, and say what is wrong with the others." },
} as const satisfies Record<Policy, { description: string }>;

const BulkPolicy = builder.enumType("BulkPolicy", {
  description: "What becomes of a list in which some jobs are bad.",
  values: policies,
});

const SubmitJobsInput = builder.inputType("SubmitJobsInput", {
  description: "A list of jobs, stored in one transaction.",
  fields: (t) => ({
    jobs: t.field({ type: [SubmitJobInput], required: true, description: "At most 10,000." }),
    policy: t.field({
      type: BulkPolicy,
      required: true,
      defaultValue: "REJECT_ALL",
      description: "What to do if some are bad.",
    }),
  }),
});

const SubmitJobsPayload = builder.objectRef<SubmittedJobs>("SubmitJobsPayload").implement({
  description: "What became of each job.",
  fields: (t) => ({
    results: t.expose("results", {
      type: [SubmitJobResult],
      description: "`results[i]` belongs to `jobs[i]`.",
    }),
    submittedCount: t.exposeInt("submittedCount", {
      description: "Jobs that are stored now, those found by their idempotency key included.",
    }),
    failedCount: t.exposeInt("failedCount", { description: "Jobs that were refused." }),
  }),
});

const RejectedJob = builder.objectRef<Rejected>("RejectedJob").implement({
  description: "A job that kept its list from being stored.",
  fields: (t) => ({
    index: t.exposeInt("index", { description: "Its place in `jobs`, from 0." }),
    error: t.expose("error", { type: UserError, description: "What is wrong with it." }),
  }),
});

const BatchRejectedError = builder.objectRef<BatchRejected>("BatchRejectedError").implement({
  description: "The policy was REJECT_ALL and some jobs were bad: nothing was stored.",
  interfaces: [UserError],
  fields: (t) => ({
    rejected: t.expose("rejected", { type: [RejectedJob], description: "Every bad job." }),
  }),
});

const SubmitJobsResult = builder.unionType("SubmitJobsResult", {
  description: "What became of the list.",
  types: [SubmitJobsPayload, BatchRejectedError, InvalidInputError, QueueFullError],
  resolveType: (result) =>
    result.kind === "SUBMITTED_JOBS" ? "SubmitJobsPayload" : errorTypeName(result),
});

builder.mutationField("submitJobs", (t) =>
  t.field({
    type: SubmitJobsResult,
    description: "Stores many jobs with one commit: much faster than one by one.",
    args: { input: t.arg({ type: SubmitJobsInput, required: true, description: "The jobs." }) },
    resolve: (_root, { input }, { operations }) => operations.submitJobs(input.jobs, input.policy),
  }),
);
