/** Where a job stands. */
import type { JobStatus as Status } from "../src/domain/job.ts";
import { builder } from "./builder.ts";

const values = {
  BLOCKED: { description: "Waits for jobs that it depends on. Nothing makes a job wait so yet." },
  SCHEDULED: {
    description:
      "Waits for its time: a future `scheduledAt`, the back-off before a retry, or a postponement.",
  },
  PENDING: { description: "Ready, and waits for a worker." },
  RUNNING: { description: "A worker runs it now." },
  COMPLETED: { description: "Ended well; `result` holds what came of it." },
  FAILED: {
    description: "Ended badly: no attempts are left, or no retry can mend it. See `error`.",
  },
  CANCELLED: { description: "Ended before its work was done: by request, or because it expired." },
} as const satisfies Record<Status, { description: string }>;

export const JobStatus = builder.enumType("JobStatus", {
  description:
    "Where a job stands. BLOCKED, SCHEDULED and PENDING wait; RUNNING runs; COMPLETED, FAILED and " +
    "CANCELLED are final.",
  values,
});
