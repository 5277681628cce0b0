import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient as createSocketClient } from "graphql-ws";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Client, createClient, type TypedDocument } from "../src/client/index.ts";
import { loadConfig } from "../src/config.ts";
import { OperatorError } from "../src/domain/errors.ts";
import { type Instance, startInstance } from "../src/instance.ts";
import { httpSink } from "./executors/http-sink.ts";
import { smtpSink } from "./executors/smtp-sink.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const log = pino({ level: "silent" });

interface JobState {
  readonly id: string;
  readonly status: string;
  readonly version: number;
  readonly attempt: number;
  readonly result: unknown;
  readonly error: { readonly message: string; readonly code: string | null } | null;
}

type Input = Record<string, unknown>;

const SUBMIT: TypedDocument<{ submitJob: { job: { id: string } } }, { input: Input }> = {
  toString: () => `mutation ($input: SubmitJobInput!) {
    submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
  }`,
};

const WATCH: TypedDocument<{ jobUpdated: JobState }, { id: string }> = {
  toString: () => `subscription ($id: ID!) {
    jobUpdated(id: $id) { id status version attempt result error { message code } }
  }`,
};

async function start(env: Record<string, string>): Promise<Instance> {
  const { config } = loadConfig({ PORT: "0", DRAIN_DELAY_MS: "0", ...env }, { envFile: null });
  return startInstance({ config, log });
}

async function submit(client: Client, input: Input): Promise<string> {
  const { submitJob } = await client.request(SUBMIT, { input });
  return submitJob.job.id;
}

/** Every state that a watcher sees, to the end. */
async function watch(client: Client, id: string): Promise<JobState[]> {
  const states: JobState[] = [];
  for await (const { jobUpdated } of client.subscribe(WATCH, { id })) states.push(jobUpdated);
  return states;
}

describeWithPostgres("a server on PostgreSQL", () => {
  let url: string;
  let folder: string;
  let instance: Instance | null = null;

  beforeEach(async () => {
    ({ url } = await createTestDatabase());
    folder = await mkdtemp(join(tmpdir(), "vinyasa-test-"));
  });

  afterEach(async () => {
    await instance?.stop();
    instance = null;
    await rm(folder, { recursive: true, force: true });
  });

  async function serve(env: Record<string, string> = {}): Promise<Client> {
    instance = await start({ DATABASE_URL: url, DATA_DIR: folder, ...env });
    return createClient({ url: `${instance.url}/graphql` });
  }

  it("finds that its port is taken before it opens a database", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const databases = ["postgres://postgres@127.0.0.1:1/none", ""];
    for (const DATABASE_URL of databases) {
      const starting = start({ PORT: String(port), DATABASE_URL, DATA_DIR: folder });
      await expect(starting).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    }
    expect(await readdir(folder)).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it("refuses a number that would be changed, on every way, and takes ordinary ones", async () => {
    const client = await serve();
    const url = `${instance?.url}/graphql`;
    const submitting = "submitJob(input: $input) { __typename ... on UserError { code path } }";
    const query = `mutation ($input: SubmitJobInput!) { ${submitting} }`;
    const long = "0.1234567890123456789";
    const payload = `{"a":[1.10,1e3,{"n":${long}}]}`;
    const variables = `{"input":{"type":"webhook","payload":${payload}}}`;
    const path = ["payload", "a", "2", "n"];
    const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body });
    const expected = { __typename: "InvalidInputError", code: "INVALID_INPUT", path };
    expect(await response.json()).toEqual({ data: { submitJob: expected } });
    const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
    const answer = new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => socket.send('{"type":"connection_init"}'));
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.type === "next") resolve(message.payload);
        if (message.type !== "connection_ack") return;
        socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
      });
    });
    expect(await answer).toEqual({ data: { submitJob: expected } });
    socket.close();
    const good = { text: "x", numbers: [0.1, 1.1, 1e3, 1.0, 5e-324] };
    const id = await submit(client, { type: "webhook", payload: { url, body: good } });
    expect(id).toBeTruthy();
  });

  it("starts without its Redis, and its banner says so", async () => {
    await serve({ REDIS_URL: "redis://127.0.0.1:1" });
    expect(instance?.banner.bus).toBe("Redis at 127.0.0.1:1 (not connected)");
  });

  it("sends an email job through a real SMTP server", async () => {
    const sink = await smtpSink();
    try {
      const client = await serve({ SMTP_URL: sink.url, MAIL_FROM: "jobs@example.org" });
      const payload = { to: "ann@example.com", subject: "Hello", text: "It runs." };
      const states = await watch(client, await submit(client, { type: "email", payload }));
      expect(states.at(-1)).toMatchObject({
        status: "COMPLETED",
        result: { accepted: ["ann@example.com"], rejected: [] },
      });
      expect(sink.received.map(({ recipients, mail }) => [recipients, mail.subject])).toEqual([
        [["ann@example.com"], "Hello"],
      ]);
    } finally {
      // The server's pooled connection would keep the sink open.
      await instance?.stop();
      await sink.close();
    }
  });

  it("calls a webhook again with back-off until it answers well", async () => {
    const arrivals: number[] = [];
    const sink = await httpSink((_request, response) => {
      arrivals.push(performance.now());
      response.statusCode = arrivals.length <= 2 ? 500 : 200;
      response.end("answered");
    });
    try {
      const client = await serve({ WEBHOOK_ALLOW: "127.0.0.1" });
      const backoff = { kind: "EXPONENTIAL", baseMs: 100, jitter: 0 };
      const payload = { url: sink.url, body: { n: 1 } };
      const id = await submit(client, { type: "webhook", payload, backoff });
      const states = await watch(client, id);
      expect(states.at(-1)).toMatchObject({ status: "COMPLETED", attempt: 3 });
      expect(states.map((state) => state.status)).toContain("SCHEDULED");
      expect(states.find((state) => state.error !== null)?.error?.code).toBe("HTTP_500");
      const [first = 0, second = 0, third = 0] = arrivals;
      expect(second - first).toBeGreaterThanOrEqual(99);
      expect(third - second).toBeGreaterThanOrEqual(199);
    } finally {
      await sink.close();
    }
  });

  it("shows the same states over WebSocket, versions rising", async () => {
    const client = await serve();
    const scheduledAt = new Date(Date.now() + 1_500).toISOString();
    const id = await submit(client, {
      type: "add_numbers",
      payload: { a: 1, b: 2 },
      scheduledAt,
    });
    const socket = createSocketClient({
      url: `${instance?.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
    });
    const states: JobState[] = [];
    const query = String(WATCH);
    for await (const { data } of socket.iterate<{ jobUpdated: JobState }>({
      query,
      variables: { id },
    })) {
      if (data) states.push(data.jobUpdated);
    }
    await socket.dispose();
    const versions = states.map((state) => state.version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(states[0]?.status).toBe("SCHEDULED");
    expect(states.at(-1)).toMatchObject({ status: "COMPLETED", result: { sum: 3 } });
  });

  it("names the field of a value that is none, and stores nothing", async () => {
    const client = await serve();
    const bad: [Input, string][] = [
      [{ type: "add_numbers", scheduledAt: "tomorrow" }, 'at "input.scheduledAt"'],
      [{ type: "add_numbers", priority: 1e10 }, 'at "input.priority"'],
      [{ type: "add_numbers", tags: [null] }, 'at "input.tags[0]"'],
    ];
    for (const [input, place] of bad) {
      const refused = submit(client, input);
      await expect(refused).rejects.toThrow(place);
      await expect(refused).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    }
    const total = { toString: () => "{ stats { total } }" };
    expect(await client.request(total, {})).toEqual({ stats: { total: 0 } });
  });

  it("says plainly that its port is taken, and leaves nothing running", async () => {
    await serve();
    const port = new URL(instance?.url ?? "").port;
    const second = start({ DATABASE_URL: url, DATA_DIR: folder, PORT: port });
    await expect(second).rejects.toThrow(OperatorError);
    await expect(second).rejects.toThrow(port);
  });
});

describe("a server on its embedded database", () => {
  let folder: string;
  let instance: Instance;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vinyasa-test-"));
    instance = await start({ DATA_DIR: folder });
  }, 180_000);

  afterAll(async () => {
    await instance?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("runs a job, and a watcher sees it to its end", async () => {
    const client = createClient({ url: `${instance.url}/graphql` });
    const id = await submit(client, { type: "reverse_string", payload: { text: "stressed" } });
    const states = await watch(client, id);
    expect(states.at(-1)).toMatchObject({ status: "COMPLETED", result: { text: "desserts" } });
  });

  it("refuses a second server on the same folder, in a sentence", async () => {
    const second = start({ DATA_DIR: folder });
    await expect(second).rejects.toThrow(OperatorError);
    await expect(second).rejects.toThrow(folder);
  });
});
