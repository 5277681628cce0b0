import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { createClient } from "../src/client/index.ts";
import { type HttpSink, httpSink } from "./executors/http-sink.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const RUN = join(import.meta.dirname, "support/run-source.mjs");
const MAIN = join(import.meta.dirname, "support/run-main.ts");
const GRACE_MS = 1_500;

const PATH = [dirname(process.execPath), "/usr/bin", "/bin"].join(":");
/** As package.json starts it, from the sources. */
const START = manifest.scripts.start.replace("node dist/src/main.js", `node ${RUN} ${MAIN}`);

let child: ChildProcess | null = null;
let folder: string;
const sinks: HttpSink[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vinyasa-test-"));
});

afterEach(async () => {
  // With what it has started: each is the leader of a group.
  if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, "SIGKILL");
  }
  child = null;
  for (const sink of sinks.splice(0)) await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Start {
  readonly command?: readonly string[];
  readonly cwd?: string;
}

interface Served {
  readonly server: ChildProcess;
  /** Resolves to the exit code, or to the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly url: string;
  /** Messages of its log. */
  readonly told: string[];
}

/** A process of its own; resolves when it listens. */
async function serve(
  env: Record<string, string>,
  { command = [process.execPath, RUN, MAIN], cwd }: Start = {},
): Promise<Served> {
  const { url: DATABASE_URL } = await createTestDatabase();
  const base = { PORT: "0", LOG_FORMAT: "json", DATABASE_URL };
  const [program = "", ...args] = command;
  const server = spawn(program, args, {
    env: { PATH, ...base, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
    cwd,
  });
  child = server;
  // Whoever has the pipe, a child too, is gone when it closes.
  const ended = once(server, "close").then(([code, signal]) => code ?? signal);
  const told: string[] = [];
  return new Promise((resolve, reject) => {
    void ended.then((how) => reject(new Error(`it ended with ${how} before it listened`)));
    createInterface({ input: server.stdout }).on("line", (line) => {
      // npm says what it runs.
      if (!line.startsWith("{")) return;
      const { msg, url } = JSON.parse(line);
      told.push(msg);
      if (msg === "listening") resolve({ server, ended, url: String(url), told });
    });
  });
}

const submitWebhook = (target: string) => ({
  toString: () => `mutation { submitJob(input: {
    type: "webhook", payload: { url: "${target}" }, timeoutMs: 60000
  }) { ... on SubmitJobPayload { job { id } } } }`,
});

/** The server while a job runs, which ends well with `endJob`. */
async function serveJob(env: Record<string, string>, start?: Start) {
  const base = { SHUTDOWN_GRACE_MS: "60000", WEBHOOK_ALLOW: "127.0.0.1" };
  const served = await serve({ ...base, ...env }, start);
  const call = new Promise<() => void>((resolve) => {
    void httpSink((_request, response) => resolve(() => response.end())).then((sink) => {
      sinks.push(sink);
      return createClient({ url: `${served.url}/graphql` }).request(submitWebhook(sink.url), {});
    });
  });
  return { ...served, endJob: await call };
}

/** `npm start` in a folder whose script is ours. */
function serveJobWithNpm() {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { start: START } }));
  return serveJob({}, { command: ["npm", "start"], cwd: folder });
}

async function drains(url: string): Promise<void> {
  let ready = await fetch(`${url}/readyz`);
  while (ready.status === 200) ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(503);
}

describeWithPostgres("the server as a process", () => {
  it("ends with 0 after its grace time", async () => {
    const { server, ended, url } = await serveJob({ SHUTDOWN_GRACE_MS: String(GRACE_MS) });
    const since = performance.now();
    server.kill("SIGTERM");
    await drains(url);
    expect(await ended).toBe(0);
    const tookMs = performance.now() - since;
    expect(tookMs).toBeGreaterThanOrEqual(GRACE_MS - 10);
    expect(tookMs).toBeLessThan(GRACE_MS + 2_000);
  });

  it("ends at once at a second signal", async () => {
    const { server, ended, url } = await serveJob({});
    server.kill("SIGTERM");
    await drains(url);
    server.kill("SIGINT");
    // Its grace time is a minute.
    expect(await ended).toBe(130);
  });

  it("lets its jobs end when its terminal is closed, however often it is told so", async () => {
    const { server, ended, url, told, endJob } = await serveJob({});
    server.kill("SIGHUP");
    await drains(url);
    server.kill("SIGHUP");
    await fetch(`${url}/readyz`);
    endJob();
    expect(await ended).toBe(0);
    expect(told.at(-1)).toBe("shutdown complete");
  });

  it("drains when npm start is told to end, and npm waits for it", async () => {
    const { server, ended, url, told, endJob } = await serveJobWithNpm();
    server.kill("SIGTERM");
    await drains(url);
    endJob();
    expect(await once(server, "exit")).toEqual([0, null]);
    expect(told.at(-1)).toBe("shutdown complete");
    expect(await ended).toBe(0);
  });

  it("takes a Ctrl-C that reaches it from its terminal and from npm for one", async () => {
    const { server, ended, url, told, endJob } = await serveJobWithNpm();
    process.kill(-Number(server.pid), "SIGINT");
    await drains(url);
    endJob();
    expect(await ended).toBe(0);
    expect(told.at(-1)).toBe("shutdown complete");
  });
});
