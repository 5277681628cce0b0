/** The server processes and their workers: who runs jobs now. */
import type { JobRecord } from "../src/domain/job-record.ts";
import type { InstanceRecord, WorkerRecord } from "../src/store/read-instances.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";

const Worker = builder.objectRef<WorkerRecord>("Worker").implement({
  description: "A bounded set of threads inside an instance; a job occupies one or more of them.",
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "As `JobAttempt.worker` names it: the instance's id, a slash, and a number.",
    }),
    threads: t.exposeInt("threads", { description: "Threads that it has." }),
    threadsInUse: t.field({
      type: "Int",
      description: "Threads that the jobs which it runs occupy.",
      resolve: async (worker, _args, { loaders }) =>
        (await loaders.workerLoad.load(worker)).threadsInUse,
    }),
    queues: t.stringList({
      description: "Queues that it serves; an empty list means all.",
      resolve: ({ queues }) => [...queues],
    }),
    currentJobs: t.field({
      type: [Job],
      description: "The jobs that it runs, the one claimed first at the head.",
      resolve: async (worker, _args, { loaders }) => {
        const { jobIds } = await loaders.workerLoad.load(worker);
        const jobs = await Promise.all(jobIds.map((id) => loaders.job.load(id)));
        return jobs.filter(isRunning);
      },
    }),
  }),
});

/** It may have ended between the two reads. */
function isRunning(job: JobRecord | null): job is JobRecord {
  return job?.status === "RUNNING";
}

const Instance = builder.objectRef<InstanceRecord>("Instance").implement({
  description: "One server process.",
  fields: (t) => ({
    id: t.exposeID("uuid", { description: "As `JobAttempt.instance` and the logs name it." }),
    hostname: t.exposeString("hostname", {
      description: "The machine or container that it is on.",
    }),
    pid: t.exposeInt("pid", { description: "Its process id there." }),
    startedAt: t.expose("startedAtMs", {
      type: "DateTime",
      description: "When it came, or came back after it had been taken for dead.",
    }),
    lastSeenAt: t.expose("lastSeenAtMs", {
      type: "DateTime",
      description: "Its last sign of life.",
    }),
    draining: t.exposeBoolean("draining", {
      description: "Whether it is about to stop: it ends what it runs and claims nothing more.",
    }),
    workers: t.field({
      type: [Worker],
      description: "Its workers; none where it only serves the API.",
      resolve: ({ workers }) => [...workers],
    }),
  }),
});

builder.queryField("instances", (t) =>
  t.field({
    type: [Instance],
    description:
      "The server processes that share this database, those that came first at the head. One that " +
      "ended is not among them.",
    resolve: (_root, _args, { readInstances }) => readInstances(),
  }),
);
