/** The `ws` package, fan-out to many. */
import { FAN_OUT_MANY } from "../fan-out/fan-out.ts";
import { wsBroadcastSide } from "../fan-out/ws-broadcast.ts";
import type { PrepareSide } from "../harness/side.ts";

const prepare: PrepareSide = (environment) => wsBroadcastSide(environment, FAN_OUT_MANY);

export default prepare;
