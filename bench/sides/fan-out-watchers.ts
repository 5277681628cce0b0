/** The watchers of the fan-out over WebSocket. */
import { gatherCrowd } from "../fan-out/crowd.ts";
import { WebSocketClient } from "../fan-out/web-socket-client.ts";
import type { StartRemote } from "../harness/side.ts";

const start: StartRemote = async () =>
  gatherCrowd((socket, watch) => new WebSocketClient(socket, watch));

export default start;
