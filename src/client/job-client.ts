/** Submitting and watching jobs without writing GraphQL, with payloads and results that are typed. */
import type { BuiltInJobTypes } from "./built-in-job-types.ts";
import { type Client, createClient, type TypedDocument } from "./client.ts";
import { JOB_STATE_FIELDS, type JobState } from "./job-state.ts";
import type { JobId, PayloadOf, ResultOf } from "./job-types.ts";
import type { CallOptions, ClientOptions } from "./post.ts";
import type { SubmitOptions } from "./submit-options.ts";
import { type Refusal, SubmitRefusedError } from "./submit-refused.ts";

/** @typeParam Types payload and result by job type: `vinyasa types <url>` writes them. */
export interface JobClient<Types = BuiltInJobTypes> {
  /**
   * Resolves once the job is stored.
   *
   * @throws SubmitRefusedError with what is wrong; GraphQLRequestError and TransportError as the client
   */
  submit<Type extends keyof Types & string>(
    type: Type,
    payload: PayloadOf<Types, Type>,
    options?: SubmitOptions,
  ): Promise<JobState<ResultOf<Types, Type>>>;
  /**
   * The job as it is now, then as it changes; ends after a final state, or when the job is deleted. A
   * change that the next one follows at once may be left out.
   *
   * @throws GraphQLRequestError with the code NOT_FOUND for an unknown id
   */
  watch<Result = unknown>(
    id: JobId<Result>,
    options?: CallOptions,
  ): AsyncIterable<JobState<Result>>;
  /** The job as it is now; null for an unknown id. */
  job<Result = unknown>(id: JobId<Result>, options?: CallOptions): Promise<JobState<Result> | null>;
}

/** Over HTTP, or through a client that is there already. */
export function createJobClient<Types = BuiltInJobTypes>(
  through: ClientOptions | Client,
): JobClient<Types> {
  const client = "request" in through ? through : createClient(through);
  return {
    async submit(type, payload, { signal, ...settings } = {}) {
      const input = { type, payload, ...settings };
      const { submitJob } = await client.request(SUBMIT, { input }, signal ? { signal } : {});
      if (submitJob.__typename !== "SubmitJobPayload") throw new SubmitRefusedError(submitJob);
      return submitJob.job as JobState<ResultOf<Types, typeof type>>;
    },
    async *watch<Result>(id: JobId<Result>, options: CallOptions = {}) {
      for await (const { jobUpdated } of client.subscribe(WATCH, { id }, options)) {
        yield jobUpdated as JobState<Result>;
      }
    },
    async job<Result>(id: JobId<Result>, options: CallOptions = {}) {
      const { job } = await client.request(READ, { id }, options);
      return job as JobState<Result> | null;
    },
  };
}

type Refused =
  | "InvalidInputError"
  | "UnknownJobTypeError"
  | "IdempotencyKeyReusedError"
  | "QueueFullError";

type Submitted =
  | { readonly __typename: "SubmitJobPayload"; readonly job: JobState }
  | (Refusal & { readonly __typename: Refused });

/** A document of ours, whose result and variables are our word. */
function documentOf<Result, Variables>(text: string): TypedDocument<Result, Variables> {
  return { toString: () => text };
}

const SUBMIT = documentOf<{ readonly submitJob: Submitted }, { readonly input: object }>(
  `mutation Submit($input: SubmitJobInput!) {
  submitJob(input: $input) {
    __typename
    ... on SubmitJobPayload { job { ${JOB_STATE_FIELDS} } }
    ... on UserError { code message path }
    ... on InvalidInputError { issues { message path } }
    ... on QueueFullError { retryAfterMs }
  }
}`,
);

const WATCH = documentOf<{ readonly jobUpdated: JobState }, { readonly id: string }>(
  `subscription Watch($id: ID!) { jobUpdated(id: $id) { ${JOB_STATE_FIELDS} } }`,
);

const READ = documentOf<{ readonly job: JobState | null }, { readonly id: string }>(
  `query Read($id: ID!) { job(id: $id) { ${JOB_STATE_FIELDS} } }`,
);
