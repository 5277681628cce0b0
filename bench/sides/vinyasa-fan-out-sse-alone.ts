/** Vinyasa, fan-out over server-sent events: with sharing switched off. */
import { FAN_OUT_SSE } from "../fan-out/fan-out.ts";
import type { PrepareSide } from "../harness/side.ts";
import { fanOutSide } from "../vinyasa/fan-out.ts";

const prepare: PrepareSide = (environment) => fanOutSide(environment, FAN_OUT_SSE, false);

export default prepare;
