/** The timeline of a job. */
import { EVENTS_MAX, type TimelineEvent } from "../src/store/read-timelines.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { JobStatus } from "./job-status.ts";

const JobEvent = builder.objectRef<TimelineEvent>("JobEvent").implement({
  description: "One move of a job from a status to another.",
  fields: (t) => ({
    at: t.expose("atMs", {
      type: "DateTime",
      description: "When it was made; of a run, when it began.",
    }),
    status: t.expose("status", { type: JobStatus, description: "Where the job came to stand." }),
    previousStatus: t.expose("previousStatus", {
      type: JobStatus,
      nullable: true,
      description: "Where it stood before; null for its submit.",
    }),
    attempt: t.exposeInt("attempt", {
      description: "Number of the run that began, or of the last one; 0 before the first.",
    }),
    version: t.expose("version", {
      type: "SafeInt",
      description:
        "`Job.version` as it was then. Numbers in between are progress, and requests to cancel.",
    }),
    message: t.exposeString("message", {
      nullable: true,
      description: "Why, where there is something to say: an error's message, a cancel's reason.",
    }),
  }),
});

builder.objectField(Job, "events", (t) =>
  t.field({
    type: [JobEvent],
    description: `What has happened to it, oldest first: each change of its status, and no progress. Of a \
job that was retried for so long that there are more, the newest ${EVENTS_MAX}.`,
    // A live event may be older than what the database says by now: nothing newer than it is shown.
    resolve: async ({ id, version }, _args, { loaders }) =>
      (await loaders.timeline.load(id)).filter((event) => event.version <= version),
  }),
);
