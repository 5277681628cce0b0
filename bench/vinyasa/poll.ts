/** The server with its API, asked by many clients for single jobs that run and change elsewhere. */
import { createSchemaContext } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import { createHttpServer } from "../../dist/src/http/http-server.js";
import type { LookUpJobs } from "../../dist/src/operations/look-up-jobs.js";
import type { Database, Statement } from "../../dist/src/store/database.js";
import { connect } from "../harness/postgres.ts";
import { cpuOfPostgres, ownCpu } from "../harness/processor.ts";
import { Remote } from "../harness/remote.ts";
import type { Measurement, Side, SideEnvironment } from "../harness/side.ts";
import { warmUpOf } from "../harness/workload.ts";
import type { Poll } from "../sides/poll-clients.ts";
import { insertInBatches } from "./insert.ts";
import { configFor, log, openParts, type Parts } from "./parts.ts";
import { servicesOf } from "./services.ts";

const POLLED_FOR_MS = 3_600_000;
/** Of the jobs of a drain: 10,000 requests. */
const REQUESTS_SHARE = 1 / 3;

/** As between two regions: ten milliseconds there and back. */
export const FAR_MS = 5;

export interface Polled {
  /** How jobs are found by their ids. */
  readonly lookUp: (db: Database) => LookUpJobs;
  /** PostgreSQL is so far from this server, each way. */
  readonly delayMs?: number;
}

export async function pollSide(
  environment: SideEnvironment,
  { lookUp, delayMs = 0 }: Polled,
): Promise<Side> {
  const road = new Remote("slow-road.ts", environment);
  /** Each of them runs, and changes twice a second. */
  const { databaseUrl, samples: jobs } = environment;
  const url = delayMs === 0 ? databaseUrl : await road.call<string>("open", delayMs);
  const parts = await openParts({ ...environment, databaseUrl: url });
  const client = await connect(databaseUrl);
  const db = counting(parts.dbs.api);
  const server = await serve(environment, parts, lookUp(db));
  await insertInBatches(parts, jobs, POLLED_FOR_MS);
  const worker = new Remote("poll-worker.ts", environment);
  const ids = await worker.call<string[]>("runAll", jobs);
  const clients = new Remote("poll-clients.ts", environment);

  const postgresCpu = () => cpuOfPostgres(client, "vinyasa-api");

  async function poll(requests: number): Promise<Measurement> {
    const [statements, postgresMs, serverMs] = [db.count(), await postgresCpu(), ownCpu()];
    const perSecond = await clients.call<number>("poll", {
      ...{ url: `${server.url}/graphql`, ids, requests },
    } satisfies Poll);
    const perThousand = (count: number) => (count * 1_000) / requests;
    return {
      perSecond,
      statements: perThousand(db.count() - statements),
      serverMs: perThousand(ownCpu() - serverMs),
      postgresMs: perThousand((await postgresCpu()) - postgresMs),
    };
  }

  const requests = Math.ceil(environment.jobs * REQUESTS_SHARE);
  await poll(warmUpOf(requests));
  return {
    measure: () => poll(requests),
    close: async () => {
      for (const remote of [clients, worker]) await remote.stop();
      await server.stop({ graceMs: 0 });
      await parts.close();
      await client.end();
      await road.stop();
    },
  };
}

async function serve(environment: SideEnvironment, parts: Parts, lookUpJobs: LookUpJobs) {
  const services = servicesOf(parts, { subscriptionsMax: 100 });
  const operations = { ...parts.operations, lookUpJobs };
  const server = createHttpServer({
    schema: createSchema(),
    createContext: () => createSchemaContext({ ...services, operations }),
    sharing: null,
    config: { ...configFor(environment), drainDelayMs: 0 },
    log,
    readiness: async () => ({ ready: true }),
  });
  await server.start();
  return server;
}

/** Of `db` only `query`, which is all that look-ups need, and how often it was called. */
function counting(db: Database): Database & { count(): number } {
  let count = 0;
  const query = (statement: Statement, values?: readonly unknown[]) => {
    count += 1;
    return db.query(statement, values);
  };
  return Object.assign(Object.create(db), { query, count: () => count });
}
