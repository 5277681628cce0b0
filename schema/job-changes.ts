/** Live lists: what changes in a list of jobs. */
import { decodeChangeCursor, encodeChangeCursor } from "../src/events/change-cursor.ts";
import type { ListChange } from "../src/events/change-filter.ts";
import type { ListMessage } from "../src/events/list-message.ts";
import { builder } from "./builder.ts";
import { viewerKey } from "./context.ts";
import { Job } from "./job.ts";
import { JobFilter, jobListFilter } from "./job-filter.ts";
import { JobStatus } from "./job-status.ts";
import { openStream } from "./open-stream.ts";
import { selects } from "./selects.ts";
import { toChangeFilter } from "./to-change-filter.ts";

const ChangeKind = builder.enumType("ChangeKind", {
  description: "What a change of a job is to a filtered list.",
  values: {
    ENTERED: { description: "It belongs to the list now, and did not before." },
    UPDATED: { description: "It belongs to the list, and did before." },
    LEFT: {
      description:
        "It does not belong to the list now. It may never have been shown there: ignore it then.",
    },
  } as const satisfies Record<ListChange["kind"], { description: string }>,
});

const JobChange = builder.objectRef<ListChange>("JobChange").implement({
  description: "The net change of one job since the last message of this subscription.",
  fields: (t) => ({
    kind: t.expose("kind", { type: ChangeKind, description: "What it is to the list." }),
    id: t.exposeID("id", { description: "The job's id." }),
    job: t.expose("job", {
      type: Job,
      nullable: true,
      description: "As it is now, which may be newer than this change; null once it is deleted.",
    }),
    previousStatus: t.expose("previousStatus", {
      type: JobStatus,
      nullable: true,
      description:
        "Where it stood before the oldest of these changes; null if that was its submit. It need not be " +
        "the status shown last, for `job` may have been ahead of its change: do not count with it.",
    }),
  }),
});

const JobChanges = builder.objectRef<ListMessage>("JobChanges").implement({
  description: "What has changed in a live list, one entry a job.",
  fields: (t) => ({
    changes: t.expose("changes", { type: [JobChange], description: "Of each job the net change." }),
    cursor: t.string({
      description:
        "To go on from here after a break: give it as `after`. It stops below transactions that are " +
        "still open, so some changes may come again: drop what is not newer by `Job.version`.",
      resolve: ({ position }) => encodeChangeCursor(position),
    }),
    resync: t.exposeBoolean("resync", {
      description:
        "True where changes are missing: too many, too long ago, or from before a restore. Read the " +
        "list again; what comes after this message is complete.",
    }),
  }),
});

builder.subscriptionField("jobsUpdated", (t) =>
  t.field({
    type: JobChanges,
    description:
      "Changes of all jobs that match, in at most ten messages a second. With `after`: first what was " +
      "missed since then, on any instance. Without it: from now; the first message comes at once, " +
      "empty, with a cursor. An empty message now and then brings a newer cursor.",
    args: {
      filter: t.arg({ type: JobFilter, description: "Which jobs; all if not given." }),
      after: t.arg.string({
        description: "`JobChanges.cursor` of the last message, or `JobConnection.changesCursor`.",
      }),
    },
    // See src/http/sharing/without-start.ts.
    extensions: { startArguments: ["after"] },
    subscribe: (_root, { filter, after }, context, info) => {
      const wantsJobs = selects(info, ["changes", "job"]);
      const source = context.watchChanges(
        toChangeFilter(
          jobListFilter(filter ?? {}),
          wantsJobs,
          viewerKey(context),
          context.operations.readForLists,
        ),
        after == null ? null : decodeChangeCursor(after),
      );
      return openStream(source, context.signal());
    },
    resolve: (message, _args, context) => {
      context.loaders = context.createLoaders();
      return message;
    },
  }),
);
