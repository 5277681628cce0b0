/** Vinyasa, polled, with PostgreSQL far away and a statement for each request. */
import { readJobs } from "../../dist/src/store/read-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { FAR_MS, pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = (environment) =>
  pollSide(environment, { lookUp: (db) => (ids) => readJobs(db, ids), delayMs: FAR_MS });

export default prepare;
