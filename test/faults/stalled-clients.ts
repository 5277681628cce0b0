/** Clients that subscribe to a job, take its first state, and then read nothing until they are woken. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { WebSocket } from "ws";
import type { JobState } from "./other-clients.ts";

/** How it ended for a client that was woken. */
export type Ending = "COMPLETED" | "CUT" | number;

export interface StalledClient {
  readonly states: readonly JobState[];
  /** Reads on. Resolves when the server has completed or cut the stream; to a close code, if it told one. */
  wake(): Promise<Ending>;
}

const QUERY = `subscription Watch($id: ID!) { jobUpdated(id: $id) { status version payload } }`;

/** Resolves when its first state is there and it has stopped to read. */
export async function stallWebSocket(url: string, id: string): Promise<StalledClient> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ type: "connection_init" });
  await once(socket, "message");
  const states: JobState[] = [];
  let isCompleted = false;
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "next") states.push(message.payload.data.jobUpdated);
    if (message.type !== "complete") return;
    isCompleted = true;
    socket.close(1000);
  });
  send({ id: "1", type: "subscribe", payload: { query: QUERY, variables: { id } } });
  await once(socket, "message");
  socket.pause();
  return {
    states,
    wake: async () => {
      const closed = once(socket, "close");
      socket.resume();
      const [code] = await closed;
      if (isCompleted) return "COMPLETED";
      return code === 1006 ? "CUT" : code;
    },
  };
}

/** The same over server-sent events. */
export async function stallEventStream(url: string, id: string): Promise<StalledClient> {
  const outgoing = request(`${url}/graphql`, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/json", accept: "text/event-stream" },
  });
  outgoing.end(JSON.stringify({ query: QUERY, variables: { id } }));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const states: JobState[] = [];
  let rest = "";
  let isCompleted = false;
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const [, data] = /^event: next\ndata: (.*)$/s.exec(event) ?? [];
      if (data !== undefined) states.push(JSON.parse(data).data.jobUpdated);
      if (event.startsWith("event: complete")) isCompleted = true;
    }
  });
  while (states.length === 0) await once(response, "data");
  response.pause();
  return {
    states,
    wake: async () => {
      const closed = once(response, "close");
      // A stream that was cut off ends with an error; how it ended is told by `isCompleted`.
      response.on("error", () => {});
      response.resume();
      await closed;
      return isCompleted ? "COMPLETED" : "CUT";
    },
  };
}
