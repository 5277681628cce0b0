import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { SocketWriter } from "../../src/http/web-socket/socket-writer.ts";

const FRAME = Buffer.from("x".repeat(100_000));

/** Both ends of a WebSocket; the client reads nothing until told to. */
async function openPair(stalledAfterMs?: number) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const opened = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => client.terminate());
  client.once("error", () => undefined);
  const [socket, request] = (await opened) as [WebSocket, IncomingMessage];
  await once(client, "open");
  client.pause();
  const reasons: string[] = [];
  let giveUp: (reason: string) => void = () => undefined;
  const givenUp = new Promise<string>((resolve) => {
    giveUp = resolve;
  });
  const writer = new SocketWriter(socket, request.socket, {
    ...(stalledAfterMs !== undefined && { stalledAfterMs }),
    onGivenUp: (reason) => {
      reasons.push(reason);
      giveUp(reason);
    },
  });
  const closed = new Promise<number>((resolve) => client.once("close", resolve));
  return { client, socket, writer, reasons, givenUp, closed };
}

/** Writes until the system takes no more. */
function fill({ writer }: { writer: SocketWriter }): void {
  while (!writer.isBehind) writer.write([FRAME]);
}

it("a client that reads is never behind for long, and gets everything in order", async () => {
  const pair = await openPair();
  fill(pair);
  pair.writer.write([Buffer.from("last")]);
  const received: string[] = [];
  pair.client.on("message", (data) => received.push(String(data)));
  pair.client.resume();
  await pair.writer.whenTaken();
  expect(pair.writer.isBehind).toBe(false);
  while (received.at(-1) !== "last") await once(pair.client, "message");
  expect(received.slice(0, -1).every((message) => message === String(FRAME))).toBe(true);
  expect(pair.reasons).toEqual([]);
});

it("a client that leaves more than a megabyte unread is told to come back later", async () => {
  const pair = await openPair();
  fill(pair);
  while (!pair.writer.isGivenUp) pair.writer.write([FRAME]);
  const buffered = pair.socket.bufferedAmount;
  expect(buffered).toBeLessThan(1_500_000);
  for (let more = 0; more < 100; more += 1) pair.writer.write([FRAME]);
  expect(pair.socket.bufferedAmount).toBe(buffered);
  expect(pair.reasons).toHaveLength(1);
  pair.client.resume();
  expect(await pair.closed).toBe(1013);
});

it("one message may be larger than that", async () => {
  const pair = await openPair();
  const large = Buffer.from("y".repeat(20_000_000));
  pair.writer.write([large]);
  pair.writer.write([Buffer.from("small")]);
  expect(pair.reasons).toEqual([]);
  const received: number[] = [];
  pair.client.on("message", (data) => received.push(String(data).length));
  pair.client.resume();
  await pair.writer.whenTaken();
  while (received.length < 2) await once(pair.client, "message");
  expect(received).toEqual([20_000_000, 5]);
});

it("a client that takes nothing for too long is told to come back later", async () => {
  const pair = await openPair(50);
  fill(pair);
  expect(await pair.givenUp).toBe("Nothing was read for too long; come back later");
  pair.client.resume();
  expect(await pair.closed).toBe(1013);
  await pair.writer.whenTaken();
});

it("what the library says by itself is waited for as well", async () => {
  const { client, socket, writer } = await openPair();
  // Answers to pings, for example, of a client that sends nothing else and reads nothing.
  while (!writer.isBehind) socket.ping("x".repeat(100));
  let isTaken = false;
  const taken = writer.whenTaken().then(() => {
    isTaken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isTaken).toBe(false);
  client.resume();
  await taken;
  expect(writer.isBehind).toBe(false);
});

it("messages of any length arrive as they were sent", async () => {
  const { client, writer } = await openPair();
  const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    client.on("message", (data, isBinary) => {
      received.push(`${isBinary ? "binary" : "text"} ${data}`);
      if (received.length === lengths.length) resolve();
    });
  });
  client.resume();
  for (const length of lengths) {
    const half = Math.floor(length / 2);
    writer.write([Buffer.from("a".repeat(half)), Buffer.from("b".repeat(length - half))]);
  }
  await all;
  const half = (length: number) => Math.floor(length / 2);
  expect(received).toEqual(
    lengths.map((n) => `text ${"a".repeat(half(n))}${"b".repeat(n - half(n))}`),
  );
});
