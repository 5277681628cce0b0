/** How many entries the lists of a filter may have, and how that is said of them. */
import { RequestError } from "../src/domain/errors.ts";

/** Those of a thing that there are few of: a million of them kept the server busy for seconds. */
const ENTRIES_MAX = 1_000;
/** Of ids more are read by key. */
const IDS_MAX = 10_000;

const LISTS = {
  ids: { max: IDS_MAX, what: "jobs" },
  status: { max: ENTRIES_MAX, what: "statuses" },
  type: { max: ENTRIES_MAX, what: "job types" },
  queue: { max: ENTRIES_MAX, what: "queues" },
  tags: { max: ENTRIES_MAX, what: "tags" },
} as const;

type Filter = { readonly [Name in keyof typeof LISTS]?: readonly unknown[] | null | undefined };

/** @throws RequestError BAD_USER_INPUT for a list that is too long */
export function checkFilterLists(filter: Filter): void {
  for (const name of ["ids", "status", "type", "queue", "tags"] as const) {
    const { max, what } = LISTS[name];
    if ((filter[name]?.length ?? 0) <= max) continue;
    throw new RequestError("BAD_USER_INPUT", `\`${name}\` may name at most ${max} ${what}`);
  }
}
