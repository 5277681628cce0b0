/** Which jobs a list holds, and in which order. */
import { RequestError } from "../src/domain/errors.ts";
import { jsonIssue } from "../src/domain/storable.ts";
import type { JobListFilter, JobListQuery } from "../src/store/list-jobs.ts";
import { builder } from "./builder.ts";
import { checkFilterLists } from "./filter-lists.ts";
import { JobStatus } from "./job-status.ts";

export const JobFilter = builder.inputType("JobFilter", {
  description:
    "Jobs that meet every condition given. Within a list any value does, but of `tags` all; an empty " +
    "list matches nothing. The lists take 1,000 entries each, `ids` 10,000.",
  fields: (t) => ({
    ids: t.idList({ description: "Jobs with one of these ids: at most 10,000." }),
    status: t.field({ type: [JobStatus], description: "In one of these statuses." }),
    type: t.stringList({ description: "Of one of these job types." }),
    queue: t.stringList({ description: "In one of these queues." }),
    tags: t.stringList({ description: "With all of these tags." }),
    createdAfter: t.field({ type: "DateTime", description: "Submitted at this time or later." }),
    createdBefore: t.field({ type: "DateTime", description: "Submitted before this time." }),
    finishedAfter: t.field({
      type: "DateTime",
      description: "Finished at this time or later; jobs that have not finished do not match.",
    }),
    finishedBefore: t.field({
      type: "DateTime",
      description: "Finished before this time; jobs that have not finished do not match.",
    }),
    name: t.string({
      description:
        "With a name that begins like this, in upper or lower case. Looks through the newest " +
        "100,000 jobs; see `JobConnection.searchedAll`.",
    }),
    payload: t.field({
      type: "JSON",
      description:
        'With a payload that contains this: `{ user: { id: 7 } }` finds `{"user": {"id": 7, ' +
        '"name": "Ada"}}`. Looks through the newest 100,000 jobs; see `JobConnection.searchedAll`.',
    }),
  }),
});

const JobOrderField = builder.enumType("JobOrderField", {
  description: "What a list of jobs is ordered by.",
  values: {
    CREATED_AT: { description: "When they were submitted." },
    FINISHED_AT: { description: "When they finished: the list holds finished jobs only." },
    PRIORITY: {
      description:
        "Their priority: the list holds waiting and running jobs only. DESC is the order in which " +
        "they run, so jobs that have waited too long come before all priorities.",
    },
  } as const satisfies Record<JobListQuery["orderBy"]["field"], { description: string }>,
});

const OrderDirection = builder.enumType("OrderDirection", {
  description: "Which end of an order comes first.",
  values: {
    ASC: { description: "Smallest or oldest first." },
    DESC: { description: "Largest or newest first." },
  } as const satisfies Record<JobListQuery["orderBy"]["direction"], { description: string }>,
});

export const JobOrder = builder.inputType("JobOrder", {
  description: "How a list of jobs is ordered: newest first if nothing is said.",
  fields: (t) => ({
    field: t.field({
      type: JobOrderField,
      required: true,
      defaultValue: "CREATED_AT",
      description: "What to order by.",
    }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: "DESC",
      description: "Which end comes first.",
    }),
  }),
});

/** @throws RequestError BAD_USER_INPUT for what no stored job can hold */
export function jobListFilter(input: typeof JobFilter.$inferInput): JobListFilter {
  const { ids, status, type, queue, tags, name, payload } = input;
  checkFilterLists(input);
  checkSearchable(input);
  return {
    ...(ids && { ids }),
    ...(status && { status }),
    ...(type && { type }),
    ...(queue && { queue }),
    ...(tags && { tags }),
    ...(name != null && { name }),
    ...(payload != null && { payload }),
    ...timeFilter(input),
  };
}

function timeFilter(input: typeof JobFilter.$inferInput): JobListFilter {
  const { createdAfter, createdBefore, finishedAfter, finishedBefore } = input;
  return {
    ...(createdAfter && { createdAfterMs: createdAfter.getTime() }),
    ...(createdBefore && { createdBeforeMs: createdBefore.getTime() }),
    ...(finishedAfter && { finishedAfterMs: finishedAfter.getTime() }),
    ...(finishedBefore && { finishedBeforeMs: finishedBefore.getTime() }),
  };
}

/** PostgreSQL fails on such values, so that they would come out as an unexpected error. */
function checkSearchable(input: typeof JobFilter.$inferInput): void {
  for (const field of ["payload", "name", "type", "queue", "tags"] as const) {
    const value = input[field];
    const issue = value == null ? null : jsonIssue(value, ["filter", field]);
    if (issue === null) continue;
    throw new RequestError("BAD_USER_INPUT", `${issue.path.join(".")} ${issue.message}`);
  }
}
