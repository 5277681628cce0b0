/** The `ws` package alone: texts of the same length as ours, to all sockets, and nothing else. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { Remote } from "../harness/remote.ts";
import type { PrepareSide } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { changesOf, deliver, type Fanned, QUERY } from "../vinyasa/fan-out.ts";
import type { Watch } from "./fan-out-watchers.ts";

const ID = "01890000-0000-7000-8000-000000000000";

/** As ours would send it. */
function stateText(step: number, count: number): string {
  const at = new Date().toISOString();
  const jobUpdated = {
    ...{
      id: ID,
      type: "noop",
      status: step === count ? "COMPLETED" : "RUNNING",
      version: step + 1,
    },
    ...{ attempt: 1, attemptsLeft: 3, progress: step / count, updatedAt: at, startedAt: at },
  };
  return JSON.stringify({ id: ID, type: "next", payload: { data: { jobUpdated } } });
}

const prepare: PrepareSide = async (environment) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.once("message", () => {
      socket.send(JSON.stringify({ type: "connection_ack" }));
      socket.once("message", () => socket.send(stateText(0, 1_000)));
    });
  });
  const watchers = new Remote("fan-out-watchers.ts", environment);
  const broadcast = (text: string) => {
    for (const socket of server.clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    }
  };

  async function tell(count: number): Promise<void> {
    for (let step = 1; step <= count; step += 1) {
      broadcast(stateText(step, count));
      await setImmediate();
    }
    broadcast(JSON.stringify({ id: ID, type: "complete" }));
  }

  async function run(count: number): Promise<Fanned> {
    const { port } = server.address() as AddressInfo;
    await watchers.call("join", { port, query: QUERY, id: ID } satisfies Watch);
    return deliver(watchers, count, () => tell(count));
  }

  const count = changesOf(environment);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await watchers.stop();
      server.close();
    },
  };
};

export default prepare;
