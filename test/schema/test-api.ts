/** The schema over a real database and the real engine, asked without HTTP in between. */
import {
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  parse,
  subscribe,
  validate,
} from "graphql";
import { pino } from "pino";
import { z } from "zod";
import { createSchemaContext, type SchemaContext } from "../../schema/context.ts";
import { createSchema } from "../../schema/index.ts";
import { toRequestError } from "../../schema/to-request-error.ts";
import { Engine } from "../../src/engine/engine.ts";
import { ChangeFeed } from "../../src/events/change-feed.ts";
import { InProcessBus } from "../../src/events/in-process-bus.ts";
import { JobLogs } from "../../src/events/job-logs.ts";
import { JobUpdates } from "../../src/events/job-updates.ts";
import { LINES_PAGE } from "../../src/events/log-stream.ts";
import { StatsFeed } from "../../src/events/stats-feed.ts";
import { defineExecutor, type Executor } from "../../src/executors/define-executor.ts";
import { NonRetryableError } from "../../src/executors/errors.ts";
import { Registry } from "../../src/executors/registry.ts";
import { reverseString } from "../../src/executors/reverse-string.ts";
import { createOperations } from "../../src/operations/index.ts";
import type { Database } from "../../src/store/database.ts";
import { LaneCatalog } from "../../src/store/lane-catalog.ts";
import { openPostgres } from "../../src/store/postgres-database.ts";
import { readJobs } from "../../src/store/read-jobs.ts";
import { LogReader } from "../../src/store/read-log.ts";
import { findLogNews, readLogLines } from "../../src/store/read-log-lines.ts";
import { readStats } from "../../src/store/read-stats.ts";
import { createTestDatabase } from "../support/postgres.ts";
import { withQuery } from "../support/with-query.ts";

export type Variables = Record<string, unknown>;

const log = pino({ level: "silent" });

/** Fails so often as its payload says, and then succeeds. */
const flaky = defineExecutor({
  type: "flaky",
  description: "Fails at first.",
  payload: z.object({ failures: z.int(), final: z.boolean().optional() }),
  run({ failures, final }, { attempt }) {
    if (attempt > failures) return { attempt };
    const message = `failure ${attempt}`;
    throw final ? new NonRetryableError(message, { code: "NO_USE" }) : new Error(message);
  },
});

const anything = defineExecutor({
  type: "anything",
  description: "Takes anything, and returns nothing.",
  payload: z.unknown(),
  payloadBytesMax: 100,
  cpuBound: true,
  parallelizable: false,
  timeoutMs: 7_000,
  maxAttempts: 5,
  run: () => null,
});

const SUBMIT = `mutation ($input: SubmitJobInput!) {
  submitJob(input: $input) { ... on SubmitJobPayload { job { id } } ... on UserError { message } }
}`;

export interface TestApi {
  readonly db: Database;
  readonly updates: JobUpdates;
  readonly statements: string[];
  readonly schema: GraphQLSchema;
  createContext(signal?: AbortSignal): SchemaContext;
  /** An execution like the HTTP server's: validated, with a context of its own. */
  ask(document: string, variables?: Variables): Promise<ExecutionResult<Record<string, unknown>>>;
  /** The data of an answer without errors. */
  data(document: string, variables?: Variables): Promise<unknown>;
  /** The codes of an answer's errors; their messages where they have none. */
  problems(document: string, variables?: Variables): Promise<string[]>;
  subscribe(document: string, variables?: Variables, signal?: AbortSignal): Promise<Live>;
  /** Submits one job, and returns its id. */
  submit(input: object): Promise<string>;
  startEngine(): Promise<void>;
  close(): Promise<void>;
}

export type Live = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/** @param more job types besides the usual ones */
export async function openTestApi(more: readonly Executor[] = []): Promise<TestApi> {
  const { url } = await createTestDatabase();
  const postgres = await openPostgres({ url, poolMax: 8, role: "api", log });
  const statements: string[] = [];
  const db = recording(postgres, statements);
  const bus = new InProcessBus(log);
  const lanes = new LaneCatalog(db);
  const executors = new Registry([reverseString, flaky, anything, ...more]);
  const operations = createOperations({ db, lanes, executors, bus });
  const read = (ids: readonly string[]) => readJobs(db, ids);
  const updates = new JobUpdates({ bus, readJobs: read, log, subscriptionsMax: 100 });
  await updates.start();
  const engine = new Engine({
    ...{ db: postgres, heartbeatDb: postgres, bus, lanes, executors, log },
    ...{ workerThreads: [4], queues: null, pollIntervalMs: 500, leaseMs: 15_000, heartbeatMs: 500 },
  });
  const changes = new ChangeFeed({ bus, source: new LogReader(db, lanes), log });
  changes.start();
  const stats = new StatsFeed({ readStats: (filter) => readStats(db, lanes, filter), log });
  stats.start();
  const logs = new JobLogs({
    ...{ bus, log, findNews: (places) => findLogNews(db, places) },
    readLines: (places) =>
      readLogLines(
        db,
        places.map((place) => ({ ...place, first: LINES_PAGE })),
      ),
  });
  logs.start();
  const services = { db, lanes, executors, operations, updates, changes, stats, logs };
  const schema = createSchema();
  const createContext = (signal?: AbortSignal) =>
    createSchemaContext(services, () => signal ?? null);
  const ask = (document: string, variables: Variables = {}) =>
    run(schema, document, variables, createContext());
  const data = async (document: string, variables?: Variables): Promise<unknown> => {
    const answer = await ask(document, variables);
    const { errors } = answer;
    if (errors) throw new AggregateError(errors, errors.map(String).join("\n"));
    return answer.data;
  };
  return {
    db,
    updates,
    statements,
    schema,
    createContext,
    ask,
    data,
    async problems(document, variables) {
      const { errors = [] } = await ask(document, variables);
      return errors.map(codeOf);
    },
    async subscribe(document, variableValues = {}, signal) {
      const contextValue = createContext(signal);
      return subscribe({ schema, document: parse(document), variableValues, contextValue });
    },
    submit: async (input) => Object(await data(SUBMIT, { input })).submitJob.job.id,
    startEngine: () => engine.start(),
    async close() {
      await engine.stop(0);
      await updates.stop();
      await changes.stop();
      await stats.stop();
      await logs.stop();
      await postgres.close();
    },
  };
}

/** @throws AggregateError if the subscription was refused */
export function iteratorOf(live: Live): AsyncIterableIterator<ExecutionResult> {
  if ("next" in live) return live;
  throw new AggregateError(live.errors ?? [], "it was refused");
}

export function codeOf(error: GraphQLError): string {
  const coded = toRequestError(error.originalError)?.code ?? error.extensions.code;
  return typeof coded === "string" ? coded : error.message;
}

async function run(
  schema: GraphQLSchema,
  text: string,
  variableValues: Variables,
  contextValue: unknown,
): Promise<ExecutionResult<Record<string, unknown>>> {
  const document = parse(text);
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  const result = await execute({ schema, document, variableValues, contextValue });
  // As it would travel: no prototypes, nothing that JSON does not have.
  return { ...result, data: result.data && JSON.parse(JSON.stringify(result.data)) };
}

function recording(db: Database, statements: string[]): Database {
  return withQuery(db, (statement, values) => {
    statements.push(statement.name);
    return db.query(statement, values);
  });
}
