/** Vinyasa, drain. */
import type { PrepareSide } from "../harness/side.ts";
import { prepareDrain } from "../vinyasa/drain.ts";

const prepare: PrepareSide = (environment) => prepareDrain(environment);

export default prepare;
