/** What a job tells of its cancel. */
import { expiryReason } from "../src/domain/expiry.ts";
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
    description:
      "Why it is, or is to be, CANCELLED: the reason that the first `cancelJob` gave, or when it " +
      "expired. Null if `cancelJob` gave none, or since `retryJob`.",
    resolve: async (job, _args, { loaders }) => {
      const cancellation = await loaders.cancellation.load(job.id);
      return cancellation === null ? expiryReason(job) : cancellation.reason;
    },
  }),
}));
