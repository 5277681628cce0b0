import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";
import { Stats, SubmitJob } from "./documents.ts";
import { killAll, ServerProcess } from "./server-process.ts";
import { size } from "./size.ts";

/** Submits in flight at the moment of the kill. */
const SUBMITS = size("FAULT_SUBMITS", { full: 500, short: 100 });
const LEASE_MS = 3_000;

afterEach(killAll);

async function killsAndLosesNothing(env: Record<string, string>): Promise<void> {
  const first = await ServerProcess.start(env);
  const acknowledged = await submitUntilKilled(first);
  expect(acknowledged.length).toBeGreaterThan(0);
  const second = await ServerProcess.start(env);
  const total = await whenAllEnded(second);
  // More may be stored than was acknowledged, never less.
  expect(total).toBeGreaterThanOrEqual(acknowledged.length);
  const statuses = await Promise.all(acknowledged.map((id) => statusOf(second, id)));
  expect(statuses.filter((status) => status !== "COMPLETED")).toEqual([]);
  expect(await second.stop()).toBe(0);
}

/** Keeps SUBMITS requests in flight, and kills the server once a fifth has been acknowledged. */
async function submitUntilKilled(server: ServerProcess): Promise<string[]> {
  const acknowledged: string[] = [];
  const killed = new AbortController();
  const submitOn = async (index: number) => {
    while (!killed.signal.aborted) {
      try {
        const input = { type: "reverse_string", payload: { text: `job ${index}` } };
        const { submitJob } = await server.client.request(SubmitJob, { input });
        acknowledged.push(submitJob.job.id);
      } catch {
        return;
      }
      if (acknowledged.length >= SUBMITS / 5 && !killed.signal.aborted) {
        killed.abort();
        await server.kill();
      }
    }
  };
  await Promise.all(Array.from({ length: SUBMITS }, (_, index) => submitOn(index)));
  return acknowledged;
}

async function whenAllEnded(server: ServerProcess): Promise<number> {
  for (;;) {
    const { stats } = await server.client.request(Stats, {});
    if (stats.completed + stats.failed === stats.total) return stats.total;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function statusOf(server: ServerProcess, id: string): Promise<string> {
  const query = { toString: () => `{ job(id: "${id}") { status } }` };
  const { job } = await server.client.request<{ job: { status: string } | null }, object>(
    query,
    {},
  );
  return job?.status ?? "LOST";
}

describe("a server killed while it takes submits, on the embedded database", () => {
  it("has every acknowledged job after a restart, and ends it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vinyasa-kill-"));
    try {
      await killsAndLosesNothing({ DATA_DIR: folder });
    } finally {
      await killAll();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describeWithPostgres("a server killed while it takes submits, on PostgreSQL", () => {
  it("has every acknowledged job after a restart, and ends it", async () => {
    const { url } = await createTestDatabase();
    await killsAndLosesNothing({ DATABASE_URL: url, LEASE_MS: String(LEASE_MS) });
  });
});
