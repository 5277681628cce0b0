/**
 * What a subscription that waits for its job's next change costs in memory, over each transport.
 *
 *   npm run build && node bench/idle-subscriptions.js [subscriptions = 10000]
 *
 * A server with the API's schema, whose jobs are kept in memory, in a process of its own for each
 * transport. The clients watch one job, each over a connection of its own, and have got its state. What
 * is told is the difference, a full garbage collection before both, in the heap and its buffers, and in
 * what the process has of the system's memory.
 */
import { fork } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import pino from "pino";
import { createSchemaContext, viewerKey } from "../dist/schema/context.js";
import { createSchema } from "../dist/schema/index.js";
import { InProcessBus } from "../dist/src/events/in-process-bus.js";
import { JobUpdates } from "../dist/src/events/job-updates.js";
import { createHttpServer } from "../dist/src/http/http-server.js";

const CONNECT_AT_ONCE = 100;
/** With an empty mask. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const id = "01890000-0000-7000-8000-000000000000";
const query = `subscription WatchJob($id: ID!) {
  jobUpdated(id: $id) { id type status version attempt attemptsLeft progress updatedAt startedAt }
}`;
const count = Number(process.argv[2] ?? 10_000);

async function serve() {
  const log = pino({ level: "silent" });
  const now = Date.now();
  const job = {
    ...{ id, type: "noop", name: null, queue: "default", tags: [], idempotencyKey: null },
    ...{ maxAttempts: 3, timeoutMs: 60_000, threadDemand: 1, createdAtMs: now, expiresAtMs: null },
    ...{ status: "RUNNING", version: 2, priority: 0, progress: 0.5, attempt: 1, attemptsLeft: 2 },
    ...{ threads: 1, scheduledAtMs: null, updatedAtMs: now, startedAtMs: now, finishedAtMs: null },
  };
  const updates = new JobUpdates({
    ...{ bus: new InProcessBus(log), log, subscriptionsMax: count },
    readJobs: async (ids) => new Map(ids.map((each) => [each, job])),
  });
  await updates.start();
  const createContext = (signal) => createSchemaContext({ updates }, signal);
  const server = createHttpServer({
    schema: createSchema(),
    createContext: ({ signal }) => createContext(() => signal),
    sharing: { viewerKey, createContext: () => createContext() },
    config: {
      ...{ host: "127.0.0.1", port: 0, corsOrigins: [], graphiql: false, drainDelayMs: 0 },
      ...{ httpBodyMaxBytes: 1_000_000, wsMessageMaxBytes: 1_000_000, wsConnectionsMax: count },
      ...{ subscriptionsMax: count, subscriptionsPerSocketMax: 100 },
    },
    log,
    readiness: async () => ({ ready: true }),
  });
  await server.start();
  process.on("message", async () => {
    // What is garbage since then may hold on to more that is, and buffers are freed after that.
    for (let turn = 0; turn < 5; turn += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    process.send({ subscriptions: server.subscriptionCount, heap: heapUsed + external, rss });
  });
  process.send(server.port);
}

/** Each resolves when the state has come. */
const JOIN = {
  WebSocket(port) {
    const socket = connect(port, "127.0.0.1");
    const send = (message) => {
      const text = Buffer.from(JSON.stringify(message));
      socket.write(
        Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255, 0, 0, 0, 0]),
      );
      socket.write(text);
    };
    const head = [
      ...["GET /graphql HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"],
      ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: graphql-transport-ws"],
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    return whenSaid(socket, [
      ["\r\n\r\n", () => send({ type: "connection_init" })],
      ["connection_ack", () => send(subscribe(randomUUID()))],
      // What comes after the state are pings: who does not answer them is taken for gone.
      ['"jobUpdated"', () => socket.on("data", () => socket.write(PONG))],
    ]);
  },
  "server-sent events"(port) {
    const socket = connect(port, "127.0.0.1");
    const body = JSON.stringify(subscribe("").payload);
    const head = [
      ...["POST /graphql HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"],
      ...["Content-Type: application/json", `Content-Length: ${body.length}`],
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
    return whenSaid(socket, [['"jobUpdated"', () => {}]]);
  },
};

function subscribe(name) {
  return { id: name, type: "subscribe", payload: { query, variables: { id } } };
}

/** Answers each text when it has come, one after the other; resolves after the last. */
function whenSaid(socket, steps) {
  return new Promise((resolve, reject) => {
    let said = "";
    let step = 0;
    const onData = (chunk) => {
      said += chunk.toString("latin1");
      for (; step < steps.length && said.includes(steps[step][0]); step += 1) steps[step][1]();
      if (step < steps.length) return;
      socket.off("data", onData);
      socket.resume();
      resolve();
    };
    socket.on("data", onData);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed a connection")));
  });
}

async function measure(transport) {
  const server = fork(import.meta.filename, process.argv.slice(2), {
    execArgv: ["--expose-gc"],
    env: { ...process.env, SERVE: "1" },
  });
  const [port] = await once(server, "message");
  const memory = async () => {
    server.send("memory");
    const [told] = await once(server, "message");
    return told;
  };
  // The code that runs for a first subscription is no subscription's.
  const join = JOIN[transport];
  await join(port);
  const before = await memory();
  for (let joined = 1; joined < count; joined += CONNECT_AT_ONCE) {
    const some = Math.min(CONNECT_AT_ONCE, count - joined);
    await Promise.all(Array.from({ length: some }, () => join(port)));
  }
  const after = await memory();
  if (after.subscriptions !== count) throw new Error(`${after.subscriptions} are left of ${count}`);
  const each = (bytes) =>
    `${(bytes / 1_024 / (after.subscriptions - before.subscriptions)).toFixed(1)} kB`;
  const heap = each(after.heap - before.heap);
  const rss = each(after.rss - before.rss);
  console.log(
    `${transport}: ${after.subscriptions} subscriptions, ${heap} of heap each, ${rss} of RSS`,
  );
  server.kill();
  await once(server, "exit");
}

if (process.env.SERVE === "1") await serve();
else {
  for (const transport of Object.keys(JOIN)) await measure(transport);
  process.exit();
}
