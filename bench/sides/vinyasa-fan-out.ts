/** Vinyasa, fan-out: as it is. */
import type { PrepareSide } from "../harness/side.ts";
import { fanOutSide } from "../vinyasa/fan-out.ts";

const prepare: PrepareSide = (environment) => fanOutSide(environment, true);

export default prepare;
