/** graphile-worker as its own performance test runs it. */
import {
  Logger,
  makeWorkerUtils,
  type Runner,
  run,
  type TaskList,
  type WorkerUtils,
} from "graphile-worker";

const logger = new Logger(() => () => {});

/** With the schema of its tables in place. */
export async function openUtils(connectionString: string): Promise<WorkerUtils> {
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  return utils;
}

export function startRunner(connectionString: string, taskList: TaskList): Promise<Runner> {
  return run({
    taskList,
    noHandleSignals: true,
    preset: {
      worker: {
        connectionString,
        logger,
        concurrentJobs: 24,
        maxPoolSize: 10,
        pollInterval: 2_000,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
}
