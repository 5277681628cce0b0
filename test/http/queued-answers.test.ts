import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setImmediate as nextRound } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { QueuedAnswers } from "../../src/http/queued-answers.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
/** What Node reads from a connection at once. */
const READ_BYTES = 65_536;

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

async function connectTo(handle: Handle): Promise<Socket> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

it("of requests that are sent faster than they are answered few are held", async () => {
  const queued = new QueuedAnswers();
  let held = 0;
  let most = 0;
  const socket = await connectTo((request, response) => {
    held += 1;
    most = Math.max(most, held);
    queued.inTurn(request.socket, response, () => {
      held -= 1;
      response.end("x");
    });
  });
  const count = 20_000;
  socket.write(REQUEST.repeat(count));
  let text = "";
  let answers = 0;
  while (answers < count) {
    const [chunk] = await once(socket, "data");
    // An answer's first line may be in two pieces.
    const pieces = (text + String(chunk)).split("HTTP/1.1 200");
    answers += pieces.length - 1;
    text = (pieces.at(-1) ?? "").slice(-20);
  }
  expect(most).toBeLessThan(32 + (2 * READ_BYTES) / REQUEST.length);
});

it("none is begun on a connection that ended when its turn came", async () => {
  const queued = new QueuedAnswers();
  const begun: string[] = [];
  const closed: string[] = [];
  const socket = await connectTo((request, response) => {
    const path = request.url ?? "";
    response.once("close", () => closed.push(path));
    queued.inTurn(request.socket, response, () => {
      begun.push(path);
      // Node's own listener comes first: it gives the connection to the next.
      response.once("finish", () => request.socket.destroy());
      response.end("x");
    });
  });
  socket.on("error", () => undefined);
  socket.write(["/1", "/2", "/3"].map((path) => REQUEST.replace("/", path)).join(""));
  await once(socket.resume(), "close");
  await nextRound();
  expect(begun).toEqual(["/1"]);
  expect(closed.sort()).toEqual(["/1", "/2", "/3"]);
});
