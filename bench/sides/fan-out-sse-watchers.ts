/** The watchers of the fan-out over server-sent events. */
import { gatherCrowd } from "../fan-out/crowd.ts";
import { EventStreamClient } from "../fan-out/event-stream-client.ts";
import type { StartRemote } from "../harness/side.ts";

const start: StartRemote = async () =>
  gatherCrowd((socket, watch) => new EventStreamClient(socket, watch));

export default start;
