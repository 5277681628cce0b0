/** Vinyasa, fan-out to many: as it is. */
import { FAN_OUT_MANY } from "../fan-out/fan-out.ts";
import type { PrepareSide } from "../harness/side.ts";
import { fanOutSide } from "../vinyasa/fan-out.ts";

const prepare: PrepareSide = (environment) => fanOutSide(environment, FAN_OUT_MANY, true);

export default prepare;
