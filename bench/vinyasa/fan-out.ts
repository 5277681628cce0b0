/** The server with its API, and a job whose changes are told to its watchers without being stored. */
import { setImmediate } from "node:timers/promises";
import { createSchemaContext, viewerKey } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import { type JobRecord, jobEvent } from "../../dist/src/domain/job-record.js";
import { ChangeFeed } from "../../dist/src/events/change-feed.js";
import { JobUpdates } from "../../dist/src/events/job-updates.js";
import { createHttpServer } from "../../dist/src/http/http-server.js";
import { readJobs } from "../../dist/src/store/read-jobs.js";
import { LogReader } from "../../dist/src/store/read-log.js";
import { Remote } from "../harness/remote.ts";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { type Deliveries, WATCHERS, type Watch } from "../sides/fan-out-watchers.ts";
import { configFor, log, openParts } from "./parts.ts";

export const QUERY = `subscription WatchJob($id: ID!) {
  jobUpdated(id: $id) { id type status version attempt attemptsLeft progress updatedAt startedAt }
}`;

/** Of the jobs of a drain: 300 changes, 300,000 deliveries. */
const CHANGES_SHARE = 1 / 100;

export function changesOf({ jobs }: SideEnvironment): number {
  return Math.ceil(jobs * CHANGES_SHARE);
}

/** @param isSharing false: one execution each */
export async function fanOutSide(environment: SideEnvironment, isSharing: boolean): Promise<Side> {
  const parts = await openParts(environment);
  const { bus, dbs, lanes, executors, operations } = parts;
  const config = { ...configFor(environment), drainDelayMs: 0 };
  const read = (ids: readonly string[]) => readJobs(dbs.api, ids);
  const updates = new JobUpdates({ bus, readJobs: read, log, subscriptionsMax: 10_000 });
  await updates.start();
  const changes = new ChangeFeed({ bus, source: new LogReader(dbs.api, lanes), log });
  changes.start();
  const services = { db: dbs.api, lanes, executors, operations, updates, changes };
  const createContext = () => createSchemaContext(services);
  const server = createHttpServer({
    schema: createSchema(),
    createContext: ({ signal }) => createSchemaContext(services, () => signal),
    sharing: isSharing ? { viewerKey, createContext } : null,
    config,
    log,
    readiness: async () => ({ ready: true }),
  });
  await server.start();
  const watchers = new Remote("fan-out-watchers.ts", environment);

  async function submit(): Promise<JobRecord> {
    const scheduledAt = new Date(Date.now() + 86_400_000);
    const submitted = await operations.submitJob({ type: "noop", payload: { id: 1 }, scheduledAt });
    if (submitted.kind !== "SUBMITTED") throw new Error(`refused: ${submitted.kind}`);
    return submitted.job;
  }

  /** As the events of a running job come: one a turn of the event loop. */
  async function change(job: JobRecord, count: number): Promise<void> {
    for (let step = 1; step <= count; step += 1) {
      const status = step === count ? "COMPLETED" : "RUNNING";
      const now = { attempt: 1, progress: step / count, startedAtMs: job.createdAtMs };
      const version = job.version + step;
      bus.publish([
        jobEvent({ ...job, ...now, status, version, updatedAtMs: Date.now() }, "RUNNING"),
      ]);
      await setImmediate();
    }
  }

  async function run(count: number) {
    const job = await submit();
    const watch: Watch = { port: server.port, query: QUERY, id: job.id };
    await watchers.call("join", watch);
    const told = watchers.call<Deliveries>("deliveries");
    await change(job, count);
    const { perSecond, count: delivered } = await told;
    return { perSecond, delivered: delivered / (count * WATCHERS) };
  }

  const count = changesOf(environment);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await watchers.stop();
      await server.stop({ graceMs: 0 });
      await changes.stop();
      await updates.stop();
      await parts.close();
    },
  };
}
