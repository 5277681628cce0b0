/** The few operations that fault cases send, as plain text with the types that they rely on. */
import type { TypedDocument } from "../../src/client/index.ts";

function document<Result, Variables>(text: string): TypedDocument<Result, Variables> {
  return { toString: () => text };
}

export interface JobInput {
  readonly type: string;
  readonly payload: unknown;
  readonly idempotencyKey?: string;
  readonly scheduledAt?: string;
  readonly maxAttempts?: number;
  readonly priority?: number;
  readonly queue?: string;
  readonly timeoutMs?: number;
  readonly backoff?: { kind: string; baseMs: number; maxMs?: number; jitter: number };
}

export const SubmitJob = document<
  { submitJob: { job: { id: string } } },
  { input: JobInput }
>(`mutation Submit($input: SubmitJobInput!) {
  submitJob(input: $input) { ... on SubmitJobPayload { job { id } } }
}`);

export const SubmitJobs = document<
  { submitJobs: { results: { job: { id: string } }[] } },
  { input: { jobs: readonly JobInput[] } }
>(`mutation SubmitMany($input: SubmitJobsInput!) {
  submitJobs(input: $input) {
    ... on SubmitJobsPayload { results { ... on SubmitJobPayload { job { id } } } }
  }
}`);

export const Stats = document<
  { stats: { completed: number; failed: number; cancelled: number; total: number } },
  Record<string, never>
>("query Stats { stats { completed failed cancelled total } }");

export const JobUpdated = document<
  { jobUpdated: { status: string; version: number; attempt: number; startedAt: string | null } },
  { id: string }
>(`subscription Watch($id: ID!) {
  jobUpdated(id: $id) { status version attempt startedAt }
}`);

export interface JobsUpdatedMessage {
  readonly cursor: string;
  readonly resync: boolean;
  readonly changes: readonly {
    readonly kind: "ENTERED" | "UPDATED" | "LEFT";
    readonly id: string;
    readonly job: { readonly version: number; readonly status: string };
  }[];
}

export const JobsUpdated = document<
  { jobsUpdated: JobsUpdatedMessage },
  { filter?: { queue?: string[]; status?: string[] }; after?: string | null }
>(`subscription WatchList($filter: JobFilter, $after: String) {
  jobsUpdated(filter: $filter, after: $after) {
    cursor resync changes { kind id job { version status } }
  }
}`);

export const ListJobs = document<
  { jobs: { nodes: { id: string; status: string }[] } },
  Record<string, never>
>("query List { jobs(first: 20) { nodes { id status } } }");

interface MovedJob {
  /** Undefined where the answer is a refusal. */
  readonly job?: { readonly version: number; readonly status: string };
}

export const CancelJob = document<
  { cancelJob: MovedJob },
  { input: { id: string } }
>(`mutation Cancel($input: CancelJobInput!) {
  cancelJob(input: $input) { ... on CancelJobPayload { job { version status } } }
}`);

export const RetryJob = document<
  { retryJob: MovedJob },
  { input: { id: string } }
>(`mutation Retry($input: RetryJobInput!) {
  retryJob(input: $input) { ... on RetryJobPayload { job { version status } } }
}`);

export const WatchLog = document<{ jobLogAppended: { message: string } }, { id: string }>(
  `subscription WatchLog($id: ID!) { jobLogAppended(id: $id) { message } }`,
);
