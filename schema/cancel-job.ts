/** Cancelling one job. */
import type { Cancelled } from "../src/operations/cancel-job.ts";
import { builder } from "./builder.ts";
import { errorTypeName, InvalidStateError, NotFoundError } from "./errors.ts";
import { Job } from "./job.ts";

const CancelJobInput = builder.inputType("CancelJobInput", {
  description: "Which job not to run, and why.",
  fields: (t) => ({
    id: t.id({ required: true, description: "`Job.id`." }),
    reason: t.string({
      description: "For those who look at the job later; cut after 1,000 characters.",
    }),
  }),
});

const CancelJobPayload = builder.objectRef<Cancelled>("CancelJobPayload").implement({
  description: "The job is cancelled, or will be as soon as its worker has let go of it.",
  fields: (t) => ({
    job: t.expose("job", {
      type: Job,
      description:
        "CANCELLED if it was waiting. RUNNING, with `cancelRequestedAt`, if it was running: it turns " +
        "CANCELLED when its worker lets go, within a second unless its instance is in trouble.",
    }),
  }),
});

const CancelJobResult = builder.unionType("CancelJobResult", {
  description: "The job, or why it cannot be cancelled.",
  types: [CancelJobPayload, NotFoundError, InvalidStateError],
  resolveType: (result) =>
    result.kind === "CANCELLED" ? "CancelJobPayload" : errorTypeName(result),
});

builder.mutationField("cancelJob", (t) =>
  t.field({
    type: CancelJobResult,
    description:
      "Keeps a job from running, or stops it where it runs. If it ends by itself in the same moment, " +
      "that counts; it never runs again. A second call changes nothing while the job runs, and is an " +
      "InvalidStateError once it has ended.",
    args: { input: t.arg({ type: CancelJobInput, required: true, description: "Which job." }) },
    resolve: (_root, { input }, { operations }) => operations.cancelJob(input),
  }),
);
