/** Vinyasa, drain, with the tables as they are after millions of jobs. */
import type { PrepareSide } from "../harness/side.ts";
import { prepareDrain } from "../vinyasa/drain.ts";
import { fillTables } from "../vinyasa/fill-tables.ts";

const prepare: PrepareSide = (environment) => prepareDrain(environment, fillTables);

export default prepare;
