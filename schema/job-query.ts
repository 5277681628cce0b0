/** One job by its id: now, and as it changes. */
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { openStream } from "./open-stream.ts";

builder.queryField("job", (t) =>
  t.field({
    type: Job,
    nullable: true,
    description: "The job with this id; null if there is none, or none any more.",
    args: {
      id: t.arg.id({ required: true, description: "`Job.id`, as `submitJob` returned it." }),
    },
    resolve: (_root, { id }, { loaders }) => loaders.job.load(id),
  }),
);

builder.subscriptionField("jobUpdated", (t) =>
  t.field({
    type: Job,
    description:
      "The job as it is now, then every change; ends after a final status. Versions only rise, and " +
      "the final status always comes. A slow client gets the latest state instead of all of them. " +
      "An id that is unknown is an error with the code NOT_FOUND.",
    args: {
      id: t.arg.id({ required: true, description: "`Job.id`, as `submitJob` returned it." }),
    },
    subscribe: (_root, { id }, { updates, signal }) => openStream(updates.watchJob(id), signal()),
    resolve: (job, _args, context) => {
      // The context lives as long as the subscription: old loaders would answer with old payloads.
      context.loaders = context.createLoaders();
      return job;
    },
  }),
);
