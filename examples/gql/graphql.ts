/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** How long to wait after a failed run before the next. Never shorter than it says. */
export type BackoffInput = {
  /** After the first failed run, in milliseconds: 0 to 31 days. */
  baseMs?: number;
  /** Adds up to this share of the wait, by chance, so that jobs spread: 0 to 1. */
  jitter?: number;
  /** How the wait grows. */
  kind?: BackoffKind;
  /** It grows no further than this, in milliseconds: 0 to 365 days. */
  maxMs?: number;
};

/** How the wait between attempts grows. */
export type BackoffKind =
  /** Twice as long after each failed run: 2 s, 4 s, 8 s. */
  | 'EXPONENTIAL'
  /** The same after each failed run. */
  | 'FIXED';

/** Where a job stands. BLOCKED, SCHEDULED and PENDING wait; RUNNING runs; COMPLETED, FAILED and CANCELLED are final. */
export type JobStatus =
  /** Waits for jobs that it depends on. Nothing makes a job wait so yet. */
  | 'BLOCKED'
  /** Ended before its work was done: by request, or because it expired. */
  | 'CANCELLED'
  /** Ended well; `result` holds what came of it. */
  | 'COMPLETED'
  /** Ended badly: no attempts are left, or no retry can mend it. See `error`. */
  | 'FAILED'
  /** Ready, and waits for a worker. */
  | 'PENDING'
  /** A worker runs it now. */
  | 'RUNNING'
  /** Waits for its time: a future `scheduledAt`, the back-off before a retry, or a postponement. */
  | 'SCHEDULED';

/** A job to run: `{ type: "reverse_string", payload: { text: "stressed" } }`. */
export type SubmitJobInput = {
  /** How long to wait between attempts. The job type's own if not given: 2 s, 4 s, 8 s where it has none. */
  backoff?: BackoffInput | null | undefined;
  /** If it has not started by then, cancel it instead; a retry that would start later, too. It must be in the future, by the database's clock, and later than `scheduledAt`. */
  expiresAt?: string | null | undefined;
  /** Makes a repeated submit safe: 1 to 200 characters. Same key and same input: the same job, `created: false`. Same key, other input: IdempotencyKeyReusedError. */
  idempotencyKey?: string | null | undefined;
  /** How often it may be run before it counts as failed: 1 to 1000. The job type's own if not given. */
  maxAttempts?: number | null | undefined;
  /** What to call it, for people to find it by: at most 200 characters. */
  name?: string | null | undefined;
  /** What the executor works on; `jobTypes { payloadSchema }` says how it must look. {} if not given. */
  payload?: unknown;
  /** Higher runs first: -32768 to 32767. */
  priority?: number;
  /** The queue it waits in, made when first named: 1 to 100 of `A-Z a-z 0-9 _ . : -`. */
  queue?: string;
  /** Not before this time; now if not given. */
  scheduledAt?: string | null | undefined;
  /** Words to filter by: at most 20, of 1 to 100 characters each. */
  tags?: Array<string> | null | undefined;
  /** Worker threads to ask for: 1 to 256; a job type may ask for more by itself. It waits for a worker that can give them. A job of a type that is not `parallelizable` gets one, and so does one that asks for more than any worker has. */
  threadDemand?: number;
  /** How long one run may take, in milliseconds, up to 24.8 days. The job type's own if not given. */
  timeoutMs?: number | null | undefined;
  /** One of `jobTypes { name }`. */
  type: string;
};

export type SubmitDemoJobMutationVariables = Exact<{
  input: SubmitJobInput;
}>;


export type SubmitDemoJobMutation = { submitJob:
    | { __typename: 'IdempotencyKeyReusedError', message: string }
    | { __typename: 'InvalidInputError', message: string }
    | { __typename: 'QueueFullError', message: string }
    | { __typename: 'SubmitJobPayload', job: { id: string } }
    | { __typename: 'UnknownJobTypeError', message: string }
   };

export type WatchDemoJobSubscriptionVariables = Exact<{
  id: string;
}>;


export type WatchDemoJobSubscription = { jobUpdated: { status: JobStatus, attempt: number, maxAttempts: number, scheduledAt: string, result: unknown, error: { message: string } | null } };

export type WatchDemoLogSubscriptionVariables = Exact<{
  id: string;
}>;


export type WatchDemoLogSubscription = { jobLogAppended: { attempt: number, level: string, message: string } };

export type CountDemoJobsQueryVariables = Exact<{ [key: string]: never; }>;


export type CountDemoJobsQuery = { stats: { completed: number, failed: number, total: number } };

export type SubmitReversalMutationVariables = Exact<{
  text: string;
}>;


export type SubmitReversalMutation = { submitJob:
    | { __typename: 'IdempotencyKeyReusedError', message: string }
    | { __typename: 'InvalidInputError', message: string }
    | { __typename: 'QueueFullError', message: string }
    | { __typename: 'SubmitJobPayload', job: { id: string } }
    | { __typename: 'UnknownJobTypeError', message: string }
   };

export type WatchJobSubscriptionVariables = Exact<{
  id: string;
}>;


export type WatchJobSubscription = { jobUpdated: { status: JobStatus, attempt: number, result: unknown, error: { message: string } | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const SubmitDemoJobDocument = new TypedDocumentString(`
    mutation SubmitDemoJob($input: SubmitJobInput!) {
  submitJob(input: $input) {
    __typename
    ... on SubmitJobPayload {
      job {
        id
      }
    }
    ... on UserError {
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SubmitDemoJobMutation, SubmitDemoJobMutationVariables>;
export const WatchDemoJobDocument = new TypedDocumentString(`
    subscription WatchDemoJob($id: ID!) {
  jobUpdated(id: $id) {
    status
    attempt
    maxAttempts
    scheduledAt
    result
    error {
      message
    }
  }
}
    `) as unknown as TypedDocumentString<WatchDemoJobSubscription, WatchDemoJobSubscriptionVariables>;
export const WatchDemoLogDocument = new TypedDocumentString(`
    subscription WatchDemoLog($id: ID!) {
  jobLogAppended(id: $id) {
    attempt
    level
    message
  }
}
    `) as unknown as TypedDocumentString<WatchDemoLogSubscription, WatchDemoLogSubscriptionVariables>;
export const CountDemoJobsDocument = new TypedDocumentString(`
    query CountDemoJobs {
  stats {
    completed
    failed
    total
  }
}
    `) as unknown as TypedDocumentString<CountDemoJobsQuery, CountDemoJobsQueryVariables>;
export const SubmitReversalDocument = new TypedDocumentString(`
    mutation SubmitReversal($text: String!) {
  submitJob(input: {type: "reverse_string", payload: {text: $text}}) {
    __typename
    ... on SubmitJobPayload {
      job {
        id
      }
    }
    ... on UserError {
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SubmitReversalMutation, SubmitReversalMutationVariables>;
export const WatchJobDocument = new TypedDocumentString(`
    subscription WatchJob($id: ID!) {
  jobUpdated(id: $id) {
    status
    attempt
    result
    error {
      message
    }
  }
}
    `) as unknown as TypedDocumentString<WatchJobSubscription, WatchJobSubscriptionVariables>;