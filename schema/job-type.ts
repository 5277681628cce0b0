/** The job types that this server knows. */
import type { Executor } from "../src/executors/define-executor.ts";
import { payloadJsonSchema, resultJsonSchema } from "../src/executors/json-schema.ts";
import { builder } from "./builder.ts";

const JobType = builder.objectRef<Executor>("JobType").implement({
  description: "A kind of job that can be submitted.",
  fields: (t) => ({
    name: t.exposeString("type", { description: "What to submit as `SubmitJobInput.type`." }),
    description: t.exposeString("description", { description: "What it does." }),
    payloadSchema: t.field({
      type: "JSON",
      description: "What its payload must look like, as JSON Schema.",
      resolve: (executor) => payloadJsonSchema(executor),
    }),
    resultSchema: t.field({
      type: "JSON",
      nullable: true,
      description: "What its result looks like, as JSON Schema, where it says so.",
      resolve: (executor) => resultJsonSchema(executor),
    }),
    cpuBound: t.exposeBoolean("cpuBound", {
      description:
        "Whether it says that it computes rather than waits. The types that come with the server run in " +
        "worker threads then, and so do others that name their module.",
    }),
    parallelizable: t.exposeBoolean("parallelizable", {
      description:
        "Whether more than one thread makes it faster; if not, it gets one, whatever `threadDemand` says.",
    }),
    timeoutMs: t.expose("timeoutMs", {
      type: "SafeInt",
      description: "How long one run may take, in milliseconds, if its job does not say.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      description: "How often a job is run before it counts as failed, if the job does not say.",
    }),
  }),
});

builder.queryField("jobTypes", (t) =>
  t.field({
    type: [JobType],
    description: "Every kind of job that can be submitted, with what its payload must look like.",
    resolve: (_root, _args, { jobTypes }) => [...jobTypes()],
  }),
);
