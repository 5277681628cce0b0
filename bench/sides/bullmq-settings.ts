/** BullMQ on Redis: jobs removed when done, as many at once as pay. */
import { Queue, Worker } from "bullmq";

export interface BullmqPlace {
  readonly redisUrl: string;
  readonly prefix: string;
}

const QUEUE = "bench";

export function openQueue({ redisUrl, prefix }: BullmqPlace): Queue {
  const queue = new Queue(QUEUE, {
    connection: { url: redisUrl, maxRetriesPerRequest: null },
    prefix,
    defaultJobOptions: { removeOnComplete: true },
  });
  queue.on("error", (error) => console.error(error));
  return queue;
}

export function startWorker({ redisUrl, prefix }: BullmqPlace, run: () => void): Worker {
  const worker = new Worker(QUEUE, async () => run(), {
    connection: { url: redisUrl, maxRetriesPerRequest: null },
    prefix,
    concurrency: 100,
  });
  worker.on("error", (error) => console.error(error));
  return worker;
}
