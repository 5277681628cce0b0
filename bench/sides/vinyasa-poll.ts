/** Vinyasa, polled: as it is. */
import { createLookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { PrepareSide } from "../harness/side.ts";
import { pollSide } from "../vinyasa/poll.ts";

const prepare: PrepareSide = (environment) =>
  pollSide(environment, { lookUp: (db) => createLookUpJobs({ db }) });

export default prepare;
