/** Vinyasa, fan-out, with sharing switched off: each subscription is executed by itself. */
import { FAN_OUT } from "../fan-out/fan-out.ts";
import type { PrepareSide } from "../harness/side.ts";
import { fanOutSide } from "../vinyasa/fan-out.ts";

const prepare: PrepareSide = (environment) => fanOutSide(environment, FAN_OUT, false);

export default prepare;
