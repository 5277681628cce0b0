/** Vinyasa, bulk submit: the whole execution of the mutation, as the HTTP server does it. */
import { execute, type GraphQLSchema, parse, validate } from "graphql";
import { createSchemaContext, type SchemaServices } from "../../dist/schema/context.js";
import { createSchema } from "../../dist/schema/index.js";
import type { PrepareSide } from "../harness/side.ts";
import { addInBatches, type Payload, perSecond, warmUpOf } from "../harness/workload.ts";
import { openParts } from "../vinyasa/parts.ts";
import { servicesOf } from "../vinyasa/services.ts";

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
  const services = servicesOf(parts, { subscriptionsMax: 1 });
  const submit = (count: number) =>
    addInBatches(count, (payloads) => submitJobs(schema, services, payloads));
  await submit(warmUpOf(jobs));
  return {
    measure: async () => ({ perSecond: await perSecond(jobs, () => submit(jobs)) }),
    close: () => parts.close(),
  };
};

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
