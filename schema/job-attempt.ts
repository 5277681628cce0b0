/** One run of a job, and the error that it may have ended with. */
import type { AttemptOutcome as Outcome } from "../src/domain/outcome.ts";
import type { AttemptRecord, DatedError } from "../src/store/read-attempts.ts";
import { builder } from "./builder.ts";

const outcomes = {
  COMPLETED: { description: "The work was done." },
  FAILED: { description: "The executor threw an error, or returned what cannot be stored." },
  TIMED_OUT: { description: "It ran longer than the job's `timeoutMs`." },
  CANCELLED: { description: "The worker let go after a cancel." },
  LOST: { description: "Its instance died or was cut off; the attempt is spent." },
  RELEASED: {
    description:
      "Its instance gave the job back, as it shut down or had no thread for it after all; no attempt is spent.",
  },
  POSTPONED: { description: "The executor asked for a later time; no attempt is spent." },
} as const satisfies Record<Outcome, { description: string }>;

const AttemptOutcome = builder.enumType("AttemptOutcome", {
  description: "How one run of a job ended.",
  values: outcomes,
});

export const JobError = builder.objectRef<DatedError>("JobError").implement({
  description: "What went wrong in a run.",
  fields: (t) => ({
    message: t.exposeString("message", { description: "The error's message, in its own words." }),
    code: t.exposeString("code", {
      nullable: true,
      description: 'A short code to branch on, where the error has one: "ECONNREFUSED", say.',
    }),
    stack: t.exposeString("stack", {
      nullable: true,
      description: "Where in the executor's code it was thrown.",
    }),
    at: t.expose("atMs", { type: "DateTime", description: "When it happened." }),
    retryable: t.exposeBoolean("retryable", {
      description:
        "False if no retry can mend it: the job failed at once, attempts left or not. Of a LOST run: " +
        "whether attempts were left.",
    }),
  }),
});

export const JobAttempt = builder.objectRef<AttemptRecord>("JobAttempt").implement({
  description:
    "One run of a job. Its work may have been done even where the outcome says otherwise.",
  fields: (t) => ({
    number: t.exposeInt("number", { description: "From 1, in the order the runs began." }),
    outcome: t.expose("outcome", {
      type: AttemptOutcome,
      nullable: true,
      description: "Null while it runs.",
    }),
    startedAt: t.expose("startedAtMs", { type: "DateTime", description: "When it began." }),
    finishedAt: t.expose("finishedAtMs", {
      type: "DateTime",
      nullable: true,
      description: "When it ended; null while it runs.",
    }),
    instance: t.exposeString("instance", { description: "The server process that ran it." }),
    worker: t.exposeString("worker", {
      description: "The worker in that process, as `Worker.id` names it.",
    }),
    threads: t.exposeInt("threads", { description: "Worker threads it was granted." }),
    error: t.expose("error", {
      type: JobError,
      nullable: true,
      description: "What went wrong in it; null if nothing did, and while it runs.",
    }),
  }),
});
