/** The GraphQL schema: gathers the concepts, one file each. */
import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import { markShareable } from "./shareable.ts";
import "./roots.ts";
import "./scalars.ts";
import "./node.ts";
import "./job.ts";
import "./job-state.ts";
import "./job-last-run.ts";
import "./job-details.ts";
import "./job-cancellation.ts";
import "./job-event.ts";
import "./job-log.ts";
import "./job-query.ts";
import "./job-list.ts";
import "./job-changes.ts";
import "./submit-job.ts";
import "./submit-jobs.ts";
import "./cancel-job.ts";
import "./retry-job.ts";
import "./stats.ts";
import "./job-type.ts";
import "./instance.ts";

/** Call it once a process: it is the same schema each time, and costs some milliseconds. */
export function createSchema(): GraphQLSchema {
  return markShareable(builder.toSchema());
}
