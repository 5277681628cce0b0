/** Vinyasa, polled, with PostgreSQL far away: as it is. */
import { createLookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { FAR_MS, pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = (environment) =>
  pollSide(environment, { lookUp: (db) => createLookUpJobs({ db }), delayMs: FAR_MS });

export default prepare;
