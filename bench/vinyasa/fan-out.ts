/** The server with its API, and a job whose changes are told to its watchers without being stored. */
import { setImmediate } from "node:timers/promises";
import { createSchemaContext, viewerKey } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import { type JobRecord, jobEvent } from "../../dist/src/domain/job-record.js";
import { createHttpServer } from "../../dist/src/http/http-server.js";
import { Remote } from "../harness/remote.ts";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { type Deliveries, WATCHERS, type Watch } from "../sides/fan-out-watchers.ts";
import { configFor, log, openParts } from "./parts.ts";
import { servicesOf } from "./services.ts";

export const QUERY = `subscription WatchJob($id: ID!) {
  jobUpdated(id: $id) { id type status version attempt attemptsLeft progress updatedAt startedAt }
}`;

/** Of the jobs of a drain: 300 changes, 300,000 deliveries. */
const CHANGES_SHARE = 1 / 100;

export function changesOf({ jobs }: SideEnvironment): number {
  return Math.ceil(jobs * CHANGES_SHARE);
}

export interface Fanned extends Readonly<Record<string, number>> {
  readonly perSecond: number;
  /** Of what all watchers together should have got. */
  readonly delivered: number;
}

/** @param tell tells the watchers, who have joined, of `count` changes */
export async function deliver(
  watchers: Remote,
  count: number,
  tell: () => Promise<void>,
): Promise<Fanned> {
  const told = watchers.call<Deliveries>("deliveries");
  await tell();
  const { perSecond, count: delivered } = await told;
  return { perSecond, delivered: delivered / (count * WATCHERS) };
}

/** @param isSharing false: one execution each */
export async function fanOutSide(environment: SideEnvironment, isSharing: boolean): Promise<Side> {
  const parts = await openParts(environment);
  const { bus, operations } = parts;
  const config = { ...configFor(environment), drainDelayMs: 0 };
  const services = servicesOf(parts, { subscriptionsMax: 10_000 });
  await services.updates.start();
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

  async function run(count: number): Promise<Fanned> {
    const job = await submit();
    await watchers.call("join", { port: server.port, query: QUERY, id: job.id } satisfies Watch);
    return deliver(watchers, count, () => change(job, count));
  }

  const count = changesOf(environment);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await watchers.stop();
      await server.stop({ graceMs: 0 });
      await services.updates.stop();
      await parts.close();
    },
  };
}
