import { getEventListeners } from "node:events";
import { pino } from "pino";
import { expect, test } from "vitest";
import { openStream } from "../../schema/open-stream.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import { MemoryStore } from "../events/memory-store.ts";

test("a watch leaves nothing behind on its connection, however it ends", async () => {
  const log = pino({ level: "silent" });
  const store = new MemoryStore();
  const bus = new InProcessBus(log);
  const updates = new JobUpdates({ bus, readJobs: store.readJobs, log, subscriptionsMax: 10 });
  await updates.start();
  const { signal } = new AbortController();
  const left = await openStream(updates.watchJob(store.add({ status: "RUNNING" }).id), signal);
  await left.next();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await left.return?.();
  const finished = await openStream(
    updates.watchJob(store.add({ status: "COMPLETED" }).id),
    signal,
  );
  for await (const job of finished) expect(job.status).toBe("COMPLETED");
  const unknown = "00000000-0000-7000-8000-000000000000";
  await expect(openStream(updates.watchJob(unknown), signal)).rejects.toThrow();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  await updates.stop();
});
