/** The server with its API, and a job whose changes are told to its watchers without being stored. */
import { setImmediate } from "node:timers/promises";
import { createSchemaContext, viewerKey } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import { type JobRecord, jobEvent } from "../../dist/src/domain/job-record.js";
import { createHttpServer } from "../../dist/src/http/http-server.js";
import type { Gathering } from "../fan-out/crowd.ts";
import { changesOf, deliver, type Fanned, type FanOut, QUERY } from "../fan-out/fan-out.ts";
import { Remote } from "../harness/remote.ts";
import type { Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import { configFor, log, openParts } from "./parts.ts";
import { servicesOf } from "./services.ts";

/** @param isSharing false: one execution each */
export async function fanOutSide(
  environment: SideEnvironment,
  fanOut: FanOut,
  isSharing: boolean,
): Promise<Side> {
  const parts = await openParts(environment);
  const { bus, operations } = parts;
  const { watchers } = fanOut;
  // Those of the warm-up may not all have been seen to leave when the next ones come.
  const subscriptionsMax = 2 * watchers;
  const limits = { subscriptionsMax, wsConnectionsMax: subscriptionsMax };
  const config = { ...configFor(environment), ...limits, drainDelayMs: 0 };
  const services = servicesOf(parts, { subscriptionsMax });
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
  const crowd = new Remote(fanOut.module, environment);

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
    const gathering: Gathering = { port: server.port, query: QUERY, id: job.id, watchers };
    await crowd.call("join", gathering);
    return deliver(crowd, count * watchers, () => change(job, count));
  }

  const count = changesOf(environment, fanOut);
  await run(warmUpOf(count));
  return {
    measure: () => run(count),
    close: async () => {
      await crowd.stop();
      await server.stop({ graceMs: 0 });
      await services.updates.stop();
      await parts.close();
    },
  };
}
