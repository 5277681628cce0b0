/**
 * What runs in each thread of the pool: one task at a time, a whole attempt or a chunk of one. It is
 * loaded by piscina, in the thread, and must not be imported anywhere else.
 */
import { attemptError } from "../../domain/attempt-error.ts";
import { outcomeOf, outcomeOfThrown } from "../run-executor.ts";
import { loadExecutor, loadPart } from "./load-executor.ts";
import type {
  JobAnswer,
  JobTask,
  PartAnswer,
  PartTask,
  TaskInThread,
  ThreadPayload,
} from "./messages.ts";
import { ThreadContext } from "./thread-context.ts";
import { ThreadLink } from "./thread-link.ts";

export async function runTask(task: TaskInThread): Promise<JobAnswer | PartAnswer> {
  const link = new ThreadLink(task.port);
  try {
    return task.kind === "job" ? await runJob(task, link) : await runPart(task, link);
  } finally {
    link.close();
  }
}

async function runJob(task: JobTask, link: ThreadLink): Promise<JobAnswer> {
  const context = new ThreadContext(task, link);
  const outcome = await (async () => {
    try {
      const executor = await loadExecutor(task.module, task.type);
      const payload: unknown = JSON.parse(textOf(task.payload));
      link.send({ kind: "started" });
      return await outcomeOf(executor, payload, context);
    } catch (error) {
      return { kind: "FAILED", error: attemptError(error) } as const;
    } finally {
      context.end();
    }
  })();
  return { outcome, artifacts: outcome.kind === "COMPLETED" ? context.artifacts : [] };
}

async function runPart({ url, name, chunk }: PartTask, link: ThreadLink): Promise<PartAnswer> {
  try {
    const part = await loadPart(url, name);
    link.send({ kind: "started" });
    return { part: await part(chunk, { signal: link.signal }) };
  } catch (error) {
    return { failed: outcomeOfThrown(error) };
  }
}

function textOf(payload: ThreadPayload): string {
  return typeof payload === "string" ? payload : Buffer.concat(payload).toString();
}
