/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation SubmitDemoJob($input: SubmitJobInput!) {\n    submitJob(input: $input) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n": typeof types.SubmitDemoJobDocument,
    "\n  subscription WatchDemoJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      maxAttempts\n      scheduledAt\n      result\n      error {\n        message\n      }\n    }\n  }\n": typeof types.WatchDemoJobDocument,
    "\n  subscription WatchDemoLog($id: ID!) {\n    jobLogAppended(id: $id) {\n      attempt\n      level\n      message\n    }\n  }\n": typeof types.WatchDemoLogDocument,
    "\n  query CountDemoJobs {\n    stats {\n      completed\n      failed\n      total\n    }\n  }\n": typeof types.CountDemoJobsDocument,
    "\n  mutation SubmitReversal($text: String!) {\n    submitJob(input: { type: \"reverse_string\", payload: { text: $text } }) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n": typeof types.SubmitReversalDocument,
    "\n  subscription WatchJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      result\n      error {\n        message\n      }\n    }\n  }\n": typeof types.WatchJobDocument,
};
const documents: Documents = {
    "\n  mutation SubmitDemoJob($input: SubmitJobInput!) {\n    submitJob(input: $input) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n": types.SubmitDemoJobDocument,
    "\n  subscription WatchDemoJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      maxAttempts\n      scheduledAt\n      result\n      error {\n        message\n      }\n    }\n  }\n": types.WatchDemoJobDocument,
    "\n  subscription WatchDemoLog($id: ID!) {\n    jobLogAppended(id: $id) {\n      attempt\n      level\n      message\n    }\n  }\n": types.WatchDemoLogDocument,
    "\n  query CountDemoJobs {\n    stats {\n      completed\n      failed\n      total\n    }\n  }\n": types.CountDemoJobsDocument,
    "\n  mutation SubmitReversal($text: String!) {\n    submitJob(input: { type: \"reverse_string\", payload: { text: $text } }) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n": types.SubmitReversalDocument,
    "\n  subscription WatchJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      result\n      error {\n        message\n      }\n    }\n  }\n": types.WatchJobDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SubmitDemoJob($input: SubmitJobInput!) {\n    submitJob(input: $input) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SubmitDemoJobDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WatchDemoJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      maxAttempts\n      scheduledAt\n      result\n      error {\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').WatchDemoJobDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WatchDemoLog($id: ID!) {\n    jobLogAppended(id: $id) {\n      attempt\n      level\n      message\n    }\n  }\n"): typeof import('./graphql.ts').WatchDemoLogDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CountDemoJobs {\n    stats {\n      completed\n      failed\n      total\n    }\n  }\n"): typeof import('./graphql.ts').CountDemoJobsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SubmitReversal($text: String!) {\n    submitJob(input: { type: \"reverse_string\", payload: { text: $text } }) {\n      __typename\n      ... on SubmitJobPayload {\n        job {\n          id\n        }\n      }\n      ... on UserError {\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').SubmitReversalDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WatchJob($id: ID!) {\n    jobUpdated(id: $id) {\n      status\n      attempt\n      result\n      error {\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').WatchJobDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
