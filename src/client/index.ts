/**
 * A small client for this server's API, for Node: jobs by name and payload, or any document of one's own.
 * What the package exports as `vinyasa/client`.
 */
export type { BuiltInJobTypes } from "./built-in-job-types.ts";
export { type Client, createClient, type SubscribeOptions, type TypedDocument } from "./client.ts";
export { type GraphQLProblem, GraphQLRequestError, TransportError } from "./graphql-error.ts";
export { createJobClient, type JobClient } from "./job-client.ts";
export type { JobFailure, JobState, JobStatus } from "./job-state.ts";
export type { AnyJobTypes, JobId, PayloadOf, ResultOf } from "./job-types.ts";
export type { CallOptions, ClientOptions } from "./post.ts";
export type { JobBackoff, SubmitOptions } from "./submit-options.ts";
export { type RefusedIssue, SubmitRefusedError } from "./submit-refused.ts";
