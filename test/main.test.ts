import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { createClient } from "../src/client/index.ts";
import { httpSink } from "./executors/http-sink.ts";
import { createTestDatabase, describeWithPostgres } from "./support/postgres.ts";

const RUN = join(import.meta.dirname, "support/run-source.mjs");
const MAIN = join(import.meta.dirname, "support/run-main.ts");
const GRACE_MS = 1_500;

let child: ChildProcess | null = null;

afterEach(() => {
  child?.kill("SIGKILL");
  child = null;
});

/** A process of its own; resolves when it listens. */
async function serve(env: Record<string, string>) {
  const { url: DATABASE_URL } = await createTestDatabase();
  const base = { PORT: "0", LOG_FORMAT: "json", DATABASE_URL };
  const server = spawn(process.execPath, [RUN, MAIN], {
    env: { ...base, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = server;
  const ended = once(server, "exit").then(([code, signal]) => code ?? signal);
  for await (const line of createInterface({ input: server.stdout })) {
    const { msg, url } = JSON.parse(line);
    if (msg !== "listening") continue;
    // Or the log would fill the pipe and hold the server up.
    server.stdout.resume();
    return { server, ended, url: String(url) };
  }
  throw new Error("the server ended before it listened");
}

const submitWebhook = (target: string) => ({
  toString: () => `mutation { submitJob(input: {
    type: "webhook", payload: { url: "${target}" }, timeoutMs: 60000
  }) { ... on SubmitJobPayload { job { id } } } }`,
});

describeWithPostgres("the server as a process", () => {
  it("ends with 0 after its grace time, and at once at a second signal", async () => {
    let called: () => void = () => undefined;
    const sink = await httpSink(() => called());
    try {
      for (const signals of [1, 2]) {
        const running = new Promise<void>((resolve) => {
          called = resolve;
        });
        const env = { SHUTDOWN_GRACE_MS: String(signals === 1 ? GRACE_MS : 60_000) };
        const { server, ended, url } = await serve(env);
        await createClient({ url: `${url}/graphql` }).request(submitWebhook(sink.url), {});
        await running;
        const since = performance.now();
        server.kill("SIGTERM");
        let ready = await fetch(`${url}/readyz`);
        while (ready.status === 200) ready = await fetch(`${url}/readyz`);
        expect(ready.status).toBe(503);
        if (signals === 2) server.kill("SIGINT");
        expect(await ended).toBe(signals === 1 ? 0 : 130);
        const tookMs = performance.now() - since;
        if (signals === 1) expect(tookMs).toBeGreaterThanOrEqual(GRACE_MS - 10);
        expect(tookMs).toBeLessThan(GRACE_MS + 2_000);
      }
    } finally {
      await sink.close();
    }
  });
});
