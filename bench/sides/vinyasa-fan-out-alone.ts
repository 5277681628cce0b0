/** Vinyasa, fan-out, with sharing switched off: each subscription is executed by itself. */
import type { PrepareSide } from "../harness/side.ts";
import { fanOutSide } from "../vinyasa/fan-out.ts";

const prepare: PrepareSide = (environment) => fanOutSide(environment, false);

export default prepare;
