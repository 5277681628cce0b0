/** What GraphiQL opens with: one tab for each thing a newcomer tries. */

export interface GraphiQLTab {
  readonly query: string;
  readonly variables?: string;
}

const SUBMIT = `# Submit a job. Press the play button, or Ctrl-Enter.
mutation Submit($input: SubmitJobInput!) {
  submitJob(input: $input) {
    ... on SubmitJobPayload {
      created
      job { id type status attempt payload }
    }
    ... on UserError { code message path }
  }
}
`;

const SUBMIT_VARIABLES = {
  input: { type: "add_numbers", payload: { a: 2, b: 3 }, tags: ["first-steps"] },
};

const RETRY = `# A webhook that nobody answers: it fails, waits, and is tried again.
# Run this, then the Watch tab, and see the states go by.
mutation SubmitFailing($input: SubmitJobInput!) {
  submitJob(input: $input) {
    ... on SubmitJobPayload { job { id status maxAttempts } }
    ... on UserError { code message path }
  }
}
`;

const RETRY_VARIABLES = {
  input: { type: "webhook", payload: { url: "http://127.0.0.1:9/" }, maxAttempts: 3 },
};

const WATCH = `# Watch a job: its state now, then every change, until it has ended.
# On this page, "LAST" stands for the newest job; put any other id in its place.
subscription Watch($id: ID!) {
  jobUpdated(id: $id) {
    id
    type
    status
    attempt
    attemptsLeft
    scheduledAt
    result
    error { message code }
  }
}
`;

const LIST = `# The newest jobs. Pass pageInfo.endCursor as "after" for the next page.
query List($first: Int!, $after: String, $filter: JobFilter) {
  jobs(first: $first, after: $after, filter: $filter) {
    nodes { id type queue status attempt createdAt finishedAt queueTimeMs executionTimeMs }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
`;

const STATS = `# How many jobs are in which state, and which types there are.
query Stats {
  stats {
    pending running scheduled blocked completed failed cancelled total
    oldestPendingAt
    asOf
  }
  jobTypes { name description payloadSchema }
}
`;

export const GRAPHIQL_TABS: readonly GraphiQLTab[] = [
  { query: SUBMIT, variables: printed(SUBMIT_VARIABLES) },
  { query: WATCH, variables: printed({ id: "LAST" }) },
  { query: RETRY, variables: printed(RETRY_VARIABLES) },
  { query: LIST, variables: printed({ first: 20, after: null, filter: {} }) },
  { query: STATS },
];

function printed(variables: unknown): string {
  return JSON.stringify(variables, null, 2);
}
