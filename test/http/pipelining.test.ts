import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextRound } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { post, type RunningServer, startServer } from "./test-server.ts";

async function connectTo({ server }: RunningServer): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

function operation(query: string): string {
  const body = JSON.stringify({ query });
  const head = ["POST /graphql HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"];
  return `${[...head, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
}

/** Resolves with all that came once the last of `count` answers has begun. */
async function readAnswers(socket: Socket, count: number): Promise<string> {
  const head = "HTTP/1.1 200 OK";
  let seen = "";
  let rest = "";
  let answers = 0;
  for await (const chunk of socket) {
    // A head may come in two pieces.
    const pieces = (rest + String(chunk)).split(head);
    rest = (pieces.at(-1) ?? "").slice(1 - head.length);
    seen += String(chunk);
    answers += pieces.length - 1;
    if (answers >= count) return seen;
  }
  throw new Error(`the connection ended after ${answers} answers`);
}

it("requests that were sent in one go are begun one after the other, and answered in their order", async () => {
  const running = await startServer();
  const { stage, graphqlUrl } = running;
  const socket = await connectTo(running);
  socket.write(operation("{ slow }") + operation("mutation { submit }") + operation("{ hello }"));
  const release = await stage.nextSlow();
  // Whoever comes over another connection does not wait.
  expect(await (await post(graphqlUrl, "{ hello }")).json()).toEqual({
    data: { hello: "hello you" },
  });
  expect(stage.submits).toBe(0);
  release();
  const text = await readAnswers(socket, 3);
  const answers = [...text.matchAll(/\{"data":\{"(\w+)"/g)].map(([, field]) => field);
  expect(answers).toEqual(["slow", "submit", "hello"]);
  expect(stage.submits).toBe(1);
});

it.each([
  // Node reads these two kinds in different ways.
  ["with a body", operation("mutation { submit }")],
  ["without one", "GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
])(
  "requests %s that were sent in one go let others in between, however fast they are",
  async (_, one) => {
    const running = await startServer();
    const { logged } = running;
    const socket = await connectTo(running);
    const count = 300;
    socket.write(one.repeat(count));
    const answered = () => logged.filter(({ msg }) => msg === "request").length;
    const most = { inOneRound: 0 };
    while (answered() < count) {
      const before = answered();
      await nextRound();
      most.inOneRound = Math.max(most.inOneRound, answered() - before);
    }
    // What is left of a round when this one looks may be another's.
    expect(most.inOneRound).toBeLessThanOrEqual(2);
  },
);

it("what waits for its turn is never begun when its client goes away", async () => {
  const running = await startServer();
  const { stage, graphqlUrl, whenLogged } = running;
  const socket = await connectTo(running);
  socket.write(operation("{ slow }") + operation("mutation { submit }").repeat(20));
  const release = await stage.nextSlow();
  socket.destroy();
  // All of them are over.
  await whenLogged(({ msg, aborted }) => msg === "request" && aborted === true);
  release();
  await post(graphqlUrl, "{ hello }");
  expect(stage.submits).toBe(0);
});

it("any number of requests in one go is answered, also to a client that begins to read late", async () => {
  const running = await startServer();
  const socket = await connectTo(running);
  socket.pause();
  const count = 5_000;
  const sent = new Promise((resolve) => {
    socket.write("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(count), resolve);
  });
  await readAnswers(socket, count);
  await sent;
});
