/** What GraphiQL opens with: one tab for each thing a newcomer tries. */

export interface GraphiQLTab {
  readonly query: string;
  readonly variables?: string;
}

// GraphiQL leaves the first tab's variables empty until it is clicked: its values are in the query.
const SUBMIT = `# Submit a job: press the play button, or Ctrl-Enter.
# It ends at once; the tab after the next has one that
# shows its states live in the tab Watch.
mutation Submit {
  submitJob(
    input: {
      type: "add_numbers"
      payload: { a: 2, b: 3 }
      tags: ["first-steps"]
    }
  ) {
    ... on SubmitJobPayload {
      created
      job { id type status payload }
    }
    ... on UserError { code message path }
  }
}
`;

const WATCH = `# Watch a job: its state now, then every change
# until it has ended. On this page "LAST" stands for
# the newest job; any other id can take its place. The
# next tab has a job with states enough to see live.
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

const RETRY = `# A webhook to a name that does not exist: it fails,
# waits and is tried again. Run this, then the tab
# Watch, and see the states go by.
mutation SubmitFailing {
  submitJob(
    input: {
      type: "webhook"
      payload: { url: "http://nobody.invalid/" }
      maxAttempts: 3
    }
  ) {
    ... on SubmitJobPayload {
      job { id status maxAttempts }
    }
    ... on UserError { code message path }
  }
}
`;

const CANCEL = `# Cancel a job that waits or runs, here the newest one.
# Submit one with a scheduledAt to have the time, or
# run the tab before this one first.
mutation Cancel($id: ID!) {
  cancelJob(
    input: { id: $id, reason: "no longer needed" }
  ) {
    ... on CancelJobPayload {
      job { id status cancelRequestedAt cancelReason }
    }
    ... on UserError { code message path }
  }
}
`;

const RUN_AGAIN = `# Run a job again that failed or was cancelled, with
# a fresh set of attempts.
mutation Retry($id: ID!) {
  retryJob(input: { id: $id }) {
    ... on RetryJobPayload {
      job { id status attempt attemptsLeft scheduledAt }
    }
    ... on UserError { code message path }
  }
}
`;

const LIST = `# The newest jobs. For the next page, pass
# pageInfo.endCursor as "after".
query List(
  $first: Int!
  $after: String
  $filter: JobFilter
) {
  jobs(first: $first, after: $after, filter: $filter) {
    nodes {
      id
      type
      queue
      status
      attempt
      createdAt
      queueTimeMs
      executionTimeMs
    }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
`;

const STATS = `# How many jobs are in which state, and which types
# of jobs there are.
query Stats {
  stats {
    scheduled
    pending
    running
    completed
    failed
    cancelled
    total
    oldestPendingAt
  }
  jobTypes { name description }
}
`;

const INSTANCES = `# The server processes, their workers, and what each
# of them runs at this moment.
query Instances {
  instances {
    id
    hostname
    startedAt
    lastSeenAt
    draining
    workers {
      id
      threads
      threadsInUse
      queues
      currentJobs { id type startedAt }
    }
  }
}
`;

export const GRAPHIQL_TABS: readonly GraphiQLTab[] = [
  { query: SUBMIT },
  { query: WATCH, variables: printed({ id: "LAST" }) },
  { query: RETRY },
  { query: CANCEL, variables: printed({ id: "LAST" }) },
  { query: RUN_AGAIN, variables: printed({ id: "LAST" }) },
  { query: LIST, variables: printed({ first: 20, after: null, filter: {} }) },
  { query: STATS },
  { query: INSTANCES },
];

function printed(variables: unknown): string {
  return JSON.stringify(variables, null, 2);
}
