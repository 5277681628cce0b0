/** A job: what was submitted. Where it stands, what came of it and how to get it have own files. */
import type { JobRecord } from "../src/domain/job-record.ts";
import { builder } from "./builder.ts";
import { Node } from "./node.ts";

export const Job = builder.objectRef<JobRecord>("Job");

Job.implement({
  description: "One unit of work of one type, with a payload. It stays readable after its end.",
  interfaces: [Node],
  fields: (t) => ({
    type: t.exposeString("type", { description: "Its job type: which executor runs it." }),
    name: t.exposeString("name", {
      nullable: true,
      description: "What its submitter called it, for people to find it by.",
    }),
    queue: t.exposeString("queue", { description: "The queue it waits in." }),
    tags: t.exposeStringList("tags", {
      description: "Words to filter by, as they were submitted.",
    }),
    idempotencyKey: t.exposeString("idempotencyKey", {
      nullable: true,
      description: "The key that it was submitted with.",
    }),
    maxAttempts: t.exposeInt("maxAttempts", {
      description: "How often it may be run before it counts as failed.",
    }),
    timeoutMs: t.expose("timeoutMs", {
      type: "SafeInt",
      description: "How long one run may take, in milliseconds.",
    }),
    threadDemand: t.exposeInt("threadDemand", {
      description: "Worker threads asked for; `threads` says how many it got.",
    }),
    createdAt: t.expose("createdAtMs", { type: "DateTime", description: "When it was submitted." }),
    expiresAt: t.expose("expiresAtMs", {
      type: "DateTime",
      nullable: true,
      description:
        "If it has not started by then, it is cancelled instead, and so is a retry that would start later.",
    }),
  }),
});
