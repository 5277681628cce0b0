/** The `ws` package, fan-out. */
import { FAN_OUT } from "../fan-out/fan-out.ts";
import { wsBroadcastSide } from "../fan-out/ws-broadcast.ts";
import type { PrepareSide } from "../harness/side.ts";

const prepare: PrepareSide = (environment) => wsBroadcastSide(environment, FAN_OUT);

export default prepare;
