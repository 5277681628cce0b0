import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient as createSocketClient } from "graphql-ws";
import { pino } from "pino";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { WebSocket } from "ws";
import { listVariables } from "../src/config/variables.ts";
import {
  createVinyasa,
  defineExecutor,
  OperatorError,
  type Vinyasa,
  type VinyasaOptions,
  z,
} from "../src/index.ts";
import { VARIABLE_OF } from "../src/vinyasa-options.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const greet = defineExecutor({
  type: "greet",
  description: "Greets somebody.",
  payload: z.strictObject({ name: z.string() }),
  result: z.string(),
  run: ({ name }) => `hello ${name}`,
});

/** As a program without types would call it. */
const untyped = (options: object) => createVinyasa(options as VinyasaOptions);

describe("the options", () => {
  it("are the server's variables, but for those that only a process has", () => {
    const ofProcess = ["LOG_LEVEL", "LOG_FORMAT", "NO_COLOR", "FAILPOINTS"];
    const variables = listVariables()
      .map(({ name }) => name)
      .filter((name) => !ofProcess.includes(name));
    expect(Object.values(VARIABLE_OF).toSorted()).toEqual(variables.toSorted());
  });

  it("are refused under their own names, all at once", () => {
    const wrong = () => createVinyasa({ databaseUrl: "mysql://localhost/x", leaseMs: 5 });
    expect(wrong).toThrow(OperatorError);
    expect(wrong).toThrow(/has 2 errors:\n {2}- databaseUrl is not .*\n {2}- leaseMs is "5"/);
  });

  it("that do not exist are named", () => {
    expect(() => untyped({ redisURL: "redis://localhost" })).toThrow(
      "createVinyasa has no option redisURL",
    );
  });

  it("take as executors only what defineExecutor returned", () => {
    expect(() => untyped({ executors: [greet, { ...greet }] })).toThrow(
      "executors[1] is not what defineExecutor returned",
    );
  });

  it("may come from an environment, in whose words its mistakes are told", () => {
    const env = { DATABASE_URL: "mysql://x", POLL_INTERVAL_MS: "fast" };
    expect(() => createVinyasa({ env, databaseUrl: "postgres://a/b" })).toThrow(
      /^The configuration has an error: POLL_INTERVAL_MS is "fast"/,
    );
  });
});

describeWithPostgres("Vinyasa in another program", () => {
  const started: Vinyasa<object>[] = [];
  let server: Server | null = null;

  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.stop()));
    server?.closeAllConnections();
    server?.close();
    server = null;
  });

  async function create(options: VinyasaOptions = {}) {
    const { url: databaseUrl } = await createTestDatabase();
    const base = { port: false, databaseUrl, drainDelayMs: 0, logger: false } as const;
    const vinyasa = createVinyasa({ ...base, ...options, executors: [greet] });
    started.push(vinyasa);
    return vinyasa;
  }

  async function listenWith(vinyasa: Vinyasa<object>): Promise<string> {
    server = createServer(vinyasa.handler).on("upgrade", vinyasa.upgrade).listen(0, "127.0.0.1");
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("runs jobs without a port, and is typed by its executors", async () => {
    const vinyasa = await create();
    await vinyasa.start();
    expect(vinyasa.url).toBeNull();
    const { id } = await vinyasa.submit("greet", { name: "Ada" });
    const results: (string | null)[] = [];
    for await (const { result } of vinyasa.watch(id)) {
      expectTypeOf(result).toEqualTypeOf<string | null>();
      results.push(result);
    }
    expect(results.at(-1)).toBe("hello Ada");
    // @ts-expect-error: the name is missing
    await expect(vinyasa.submit("greet", {})).rejects.toThrow("payload.name: is missing");
  });

  it("serves on a port of its own where one is wanted", async () => {
    const vinyasa = await create({ port: 0 });
    await vinyasa.start();
    expect((await fetch(`${vinyasa.url}/health`)).status).toBe(200);
  });

  it("may be mounted in a server of one's own, WebSockets too, and leaves it open", async () => {
    const vinyasa = await create();
    const host = await listenWith(vinyasa);
    expect((await fetch(`http://${host}/health`)).status).toBe(503);
    await vinyasa.start();
    expect((await fetch(`http://${host}/health`)).status).toBe(200);
    const client = createSocketClient({ url: `ws://${host}/graphql`, webSocketImpl: WebSocket });
    const answers = client.iterate({ query: "{ jobTypes { name } }" });
    expect(await answers.next()).toMatchObject({
      value: { data: { jobTypes: expect.any(Array) } },
    });
    await client.dispose();
    await vinyasa.stop();
    expect((await fetch(`http://${host}/health`)).status).toBe(503);
  });

  it("says what it needs before it is started, and after it was stopped", async () => {
    const vinyasa = await create();
    await expect(vinyasa.submit("greet", { name: "x" })).rejects.toThrow("await start() first");
    await vinyasa.stop();
    await expect(vinyasa.start()).rejects.toThrow("is stopped: create another");
  });

  it("is started once, however often it is told so, and may be stopped while it starts", async () => {
    const vinyasa = await create();
    const starts = [vinyasa.start(), vinyasa.start()];
    await vinyasa.stop();
    await Promise.all(starts);
    await expect(vinyasa.submit("greet", { name: "x" })).rejects.toThrow("is stopped");
  });

  it("tells in its options' names why it cannot start, and may be started again then", async () => {
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const { port } = blocker.address() as AddressInfo;
    const vinyasa = await create({ port });
    await expect(vinyasa.start()).rejects.toThrow(/set port to a free port/);
    blocker.close();
    await once(blocker, "close");
    await vinyasa.start();
    expect(vinyasa.url).toBe(`http://127.0.0.1:${port}`);
  });

  it("runs jobs that another instance took, where it has the role worker", async () => {
    const { url: databaseUrl } = await createTestDatabase();
    const api = await create({ databaseUrl, role: "api" });
    const worker = await create({ databaseUrl, role: "worker", pollIntervalMs: 50 });
    await api.start();
    await worker.start();
    await expect(worker.submit("greet", { name: "x" })).rejects.toThrow('role "worker" has no API');
    const { id } = await api.submit("greet", { name: "Bo" });
    let last: unknown = null;
    for await (const { result } of api.watch(id)) last = result;
    expect(last).toBe("hello Bo");
  });

  it("logs to the logger that it is given, warnings about its options too", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const vinyasa = await create({ logger, role: "api" });
    await vinyasa.start();
    expect(lines.join("")).toContain("REDIS_URL is not set");
  });
});
