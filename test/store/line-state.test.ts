import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import pg from "pg";
import { expect, it } from "vitest";
import { DatabaseError } from "../../src/store/database.ts";
import { type LineState, lineAfter } from "../../src/store/line-state.ts";
import { toDatabaseError } from "../../src/store/pg-failure.ts";

const CONNECT_MS = 50;

/** What becomes of a statement whose server treats its connections so. */
async function askAServerThat(treats: (socket: Socket) => void, isOpen = true) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.add(socket);
    treats(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  if (!isOpen) server.close();
  const host = "127.0.0.1";
  const pool = new pg.Pool({ host, port, connectionTimeoutMillis: CONNECT_MS });
  const error: unknown = await pool.query("select 1").catch((error: unknown) => error);
  await pool.end();
  for (const socket of sockets) socket.destroy();
  if (isOpen) server.close();
  return toDatabaseError("select-one", error, "PostgreSQL");
}

it("a server that nobody reaches is away", async () => {
  expect(lineAfter(await askAServerThat(() => {}, false))).toBe("server away");
});

it("a connection that is closed or reset is broken", async () => {
  expect(lineAfter(await askAServerThat((socket) => socket.end()))).toBe("broken");
  expect(lineAfter(await askAServerThat((socket) => socket.resetAndDestroy()))).toBe("broken");
});

it("of a connection that is silent nothing is known", async () => {
  expect(lineAfter(await askAServerThat(() => {}))).toBe("unknown");
});

it.each<[string, LineState]>([
  ["57P01", "broken"],
  ["57P03", "server away"],
  ["57014", "unknown"],
  ["23505", "unknown"],
])("the server's own answer %s leaves it %s", (sqlState, state) => {
  expect(lineAfter(new DatabaseError("beat", new Error("x"), sqlState, null))).toBe(state);
});
