/** What a job tells of its cancel. */
import { builder } from "./builder.ts";
import { Job } from "./job.ts";

builder.objectFields(Job, (t) => ({
  cancelRequestedAt: t.field({
    type: "DateTime",
    nullable: true,
    description:
      "When `cancelJob` was called for it; null if it was not, or since `retryJob`. A job that was " +
      "running then may have completed all the same.",
    resolve: async ({ id }, _args, { loaders }) =>
      (await loaders.cancellation.load(id))?.requestedAtMs ?? null,
  }),
  cancelReason: t.string({
    nullable: true,
    description: "The reason that the first `cancelJob` gave.",
    resolve: async ({ id }, _args, { loaders }) =>
      (await loaders.cancellation.load(id))?.reason ?? null,
  }),
}));
