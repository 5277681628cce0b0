/** Anything with an id of its own. */
import type { JobRecord } from "../src/domain/job-record.ts";
import { builder } from "./builder.ts";

export const Node = builder.interfaceRef<JobRecord>("Node").implement({
  description: "Anything that can be fetched again by its id.",
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "A UUID (version 7), the same in the API, the logs and the database.",
    }),
  }),
  resolveType: () => "Job",
});

builder.queryField("node", (t) =>
  t.field({
    type: Node,
    nullable: true,
    description: "Whatever has this id; null if there is nothing, or nothing any more.",
    args: {
      id: t.arg.id({
        required: true,
        description: "The `id` of a job, the only kind of node so far.",
      }),
    },
    resolve: (_root, { id }, { loaders }) => loaders.job.load(id),
  }),
);
