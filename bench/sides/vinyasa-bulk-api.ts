/** Vinyasa, bulk submit: the whole execution of the mutation, as the HTTP server does it. */
import { execute, type GraphQLSchema, parse, validate } from "graphql";
import { createSchemaContext, type SchemaServices } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import { ChangeFeed } from "../../dist/src/events/change-feed.js";
import { JobUpdates } from "../../dist/src/events/job-updates.js";
import { readJobs } from "../../dist/src/store/read-jobs.js";
import { LogReader } from "../../dist/src/store/read-log.js";
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, type Payload, perSecond, warmUpOf } from "../harness/workload.ts";
import { log, openParts, type Parts } from "../vinyasa/parts.ts";

const DOCUMENT = parse(`mutation SubmitJobs($input: SubmitJobsInput!) {
  submitJobs(input: $input) {
    ... on SubmitJobsPayload {
      submittedCount
      results { ... on SubmitJobPayload { job { id } } ... on UserError { code message } }
    }
    ... on UserError { code message }
  }
}`);

const prepare: PrepareSide = async (environment) => {
  const { jobs } = environment;
  const parts = await openParts(environment);
  const schema = createSchema();
  const mistakes = validate(schema, DOCUMENT);
  if (mistakes.length > 0) throw new AggregateError(mistakes, String(mistakes[0]));
  const services = servicesOf(parts);
  const submit = (count: number) =>
    addInBatches(count, (payloads) => submitJobs(schema, services, payloads));
  await submit(warmUpOf(jobs));
  return {
    measure: async () => ({ perSecond: await perSecond(jobs, () => submit(jobs)) }),
    close: () => parts.close(),
  };
};

function servicesOf({ dbs, lanes, executors, operations, bus }: Parts): SchemaServices {
  const read = (ids: readonly string[]) => readJobs(dbs.api, ids);
  const updates = new JobUpdates({ bus, readJobs: read, log, subscriptionsMax: 1 });
  const changes = new ChangeFeed({ bus, source: new LogReader(dbs.api, lanes), log });
  return { db: dbs.api, lanes, executors, operations, updates, changes };
}

interface Answer {
  readonly submitJobs?: { readonly submittedCount?: number; readonly message?: string };
}

async function submitJobs(
  schema: GraphQLSchema,
  services: SchemaServices,
  payloads: readonly Payload[],
): Promise<void> {
  const jobs = payloads.map((payload) => ({ type: "noop", payload }));
  const { data, errors } = await execute({
    schema,
    document: DOCUMENT,
    variableValues: { input: { jobs } },
    contextValue: createSchemaContext(services),
  });
  const answer = (data as Answer | null)?.submitJobs;
  if (answer?.submittedCount === payloads.length) return;
  throw new Error(`a batch was not stored: ${errors?.[0]?.message ?? answer?.message}`);
}

export default prepare;
