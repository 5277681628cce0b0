/** The list of jobs, as a Relay connection. */
import type { LogPosition } from "../src/domain/log-position.ts";
import { encodeChangeCursor } from "../src/events/change-cursor.ts";
import type { JobPage } from "../src/store/list-jobs.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { JobFilter, JobOrder, jobListFilter } from "./job-filter.ts";
import { pageRange } from "./page-args.ts";
import { PageInfo } from "./page-info.ts";
import { selects } from "./selects.ts";

const JobEdge = builder.objectRef<JobPage["jobs"][number]>("JobEdge").implement({
  description: "A job's place in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "To go on from here, in either direction." }),
    node: t.expose("job", { type: Job, description: "The job." }),
  }),
});

/** A page, and the place in the event log at which it was read, where that was asked for. */
type PlacedPage = JobPage & { readonly position: LogPosition | null };

const JobConnection = builder.objectRef<PlacedPage>("JobConnection").implement({
  description: "A page of jobs.",
  fields: (t) => ({
    edges: t.expose("jobs", { type: [JobEdge], description: "The jobs with their cursors." }),
    nodes: t.field({
      type: [Job],
      description: "The jobs alone, where no cursor is needed for each.",
      resolve: (page) => page.jobs.map(({ job }) => job),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: "Whether there is more, and how to go there.",
      resolve: ({ jobs, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: jobs[0]?.cursor ?? null,
        endCursor: jobs.at(-1)?.cursor ?? null,
      }),
    }),
    totalCount: t.expose("totalCount", {
      type: "SafeInt",
      nullable: true,
      description: "How many jobs match on all pages; null where counting them would be slow.",
    }),
    changesCursor: t.string({
      description:
        "For `jobsUpdated(after:)`: what changes after this page was read, and nothing between is " +
        "missed.",
      resolve: ({ position }) => {
        if (position === null) throw new Error("the page was read without its position");
        return encodeChangeCursor(position);
      },
    }),
    searchedAll: t.exposeBoolean("searchedAll", {
      description:
        "False where a search by name or payload stopped at its bound: older jobs may match too.",
    }),
  }),
});

builder.queryField("jobs", (t) =>
  t.field({
    type: JobConnection,
    description:
      "Jobs, newest first, 20 on a page. Go forward with `first` and `after`, backward with `last` " +
      "and `before`; a page deep in the list costs what the first costs.",
    args: {
      first: t.arg.int({
        description: "At most so many from the start: 1 to 100, 20 if not given.",
      }),
      after: t.arg.string({ description: "Only what comes after this cursor." }),
      last: t.arg.int({ description: "At most so many from the end: 1 to 100." }),
      before: t.arg.string({ description: "Only what comes before this cursor." }),
      filter: t.arg({ type: JobFilter, description: "Which jobs; all if not given." }),
      orderBy: t.arg({ type: JobOrder, description: "In which order; newest first if not given." }),
    },
    resolve: async (_root, { filter, orderBy, ...page }, { listJobs, readPosition }, info) => {
      const query = {
        ...pageRange(page),
        filter: jobListFilter(filter ?? {}),
        orderBy: orderBy ?? { field: "CREATED_AT", direction: "DESC" },
      } as const;
      // Before the list is read: what commits in between is then told twice, not missed.
      const position = selects(info, ["changesCursor"]) ? await readPosition() : null;
      return { ...(await listJobs(query)), position };
    },
  }),
);
