/** The package's door: job types of one's own, and Vinyasa as a part of another program. */
export { z } from "zod";
export {
  type AnyJobTypes,
  type BuiltInJobTypes,
  type Client,
  GraphQLRequestError,
  type JobClient,
  type JobFailure,
  type JobId,
  type JobState,
  type JobStatus,
  type SubmitOptions,
  SubmitRefusedError,
  type TypedDocument,
} from "./client/index.ts";
export { createVinyasa, type Vinyasa } from "./create-vinyasa.ts";
export { OperatorError } from "./domain/errors.ts";
export {
  defineExecutor,
  type Executor,
  type ExecutorContext,
  type ExecutorDefinition,
  type JobTypesOf,
  type TypedExecutor,
} from "./executors/define-executor.ts";
export {
  NonRetryableError,
  PostponeError,
  postpone,
  RetryAfterError,
} from "./executors/errors.ts";
export { createTestContext } from "./executors/test-context.ts";
export type { VinyasaOptions, VinyasaSettings } from "./vinyasa-options.ts";
