/**
 * Submits a job and prints each of its states as it happens.
 *
 *   node dist/examples/watch-job.js [http://127.0.0.1:8080/graphql]
 */
import { createClient, TransportError } from "../src/client/index.ts";
import { graphql } from "./gql/index.ts";

const SubmitReversal = graphql(`
  mutation SubmitReversal($text: String!) {
    submitJob(input: { type: "reverse_string", payload: { text: $text } }) {
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
`);

const WatchJob = graphql(`
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
`);

const url = process.argv[2] ?? "http://127.0.0.1:8080/graphql";
const client = createClient({ url });

try {
  const { submitJob } = await client.request(SubmitReversal, { text: "stressed" });
  if (submitJob.__typename !== "SubmitJobPayload") throw new Error(submitJob.message);
  console.log(`submitted ${submitJob.job.id}`);

  for await (const { jobUpdated: job } of client.subscribe(WatchJob, { id: submitJob.job.id })) {
    console.log(job.status, job.error?.message ?? JSON.stringify(job.result));
  }
} catch (error) {
  if (!(error instanceof TransportError)) throw error;
  console.error(`${url}: ${error.message}. Is the server running? npm start`);
  process.exitCode = 1;
}
