/** Vinyasa, polled, with a statement for each request. */
import { readJobs } from "../../dist/src/store/read-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = (environment) =>
  pollSide(environment, { lookUp: (db) => (ids) => readJobs(db, ids) });

export default prepare;
