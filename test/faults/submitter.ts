/** A client that submits until it is told that a job is stored, and writes down what it was told. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, GraphQLRequestError, TransportError } from "../../src/client/index.ts";
import type { Random } from "../store/random.ts";
import { SubmitJobs } from "./documents.ts";
import type { PlannedJob } from "./planned-jobs.ts";

export interface SubmitPace {
  /** Jobs in one call. */
  readonly batch?: number;
  /** Calls at once. */
  readonly atOnce?: number;
  readonly pauseMs?: number;
}

/** A call that nobody answers must end for the next try to begin. */
const CALL_MS_MAX = 10_000;
const TRIES_MAX = 500;

export class Submitter {
  readonly #clients: () => readonly Client[];
  readonly #random: Random;
  /** Job ids by idempotency key: what the system has promised to keep. */
  readonly acknowledged = new Map<string, string>();
  readonly planned = new Map<string, PlannedJob>();
  /** Calls that were tried again. */
  retries = 0;
  /** Answers that were neither a job nor "try again": each of them is a defect. */
  readonly refusals: string[] = [];

  constructor(clients: () => readonly Client[], random: Random) {
    this.#clients = clients;
    this.#random = random;
  }

  async submit(
    jobs: readonly PlannedJob[],
    { batch = 20, atOnce = 4, pauseMs = 0 }: SubmitPace = {},
  ): Promise<void> {
    const waiting = [...jobs];
    const work = async () => {
      while (waiting.length > 0) {
        await this.#call(waiting.splice(0, batch));
        if (pauseMs > 0) await sleep(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  async #call(jobs: readonly PlannedJob[]): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (await this.#try(jobs)) return;
      this.retries += 1;
      await sleep(50 + this.#random.below(150));
    }
    throw new Error(`a submit of ${jobs.length} jobs failed ${TRIES_MAX} times`);
  }

  async #try(jobs: readonly PlannedJob[]): Promise<boolean> {
    const clients = this.#clients();
    if (clients.length === 0) return false;
    try {
      const variables = { input: { jobs: jobs.map(({ input }) => input) } };
      const signal = AbortSignal.timeout(CALL_MS_MAX);
      const client = this.#random.pick(clients);
      const { submitJobs } = await client.request(SubmitJobs, variables, { signal });
      this.#keep(jobs, submitJobs.results);
      return true;
    } catch (error) {
      if (isTryAgain(error)) return false;
      this.refusals.push(String(error));
      return false;
    }
  }

  #keep(jobs: readonly PlannedJob[], results: readonly { job?: { id: string } }[]): void {
    for (const [index, planned] of jobs.entries()) {
      const id = results[index]?.job?.id;
      if (id === undefined)
        throw new Error(`no job for ${planned.key}: ${JSON.stringify(results)}`);
      this.planned.set(planned.key, planned);
      const before = this.acknowledged.get(planned.key);
      if (before !== undefined && before !== id) this.refusals.push(`${planned.key}: two jobs`);
      this.acknowledged.set(planned.key, id);
    }
  }
}

function isTryAgain(error: unknown): boolean {
  if (error instanceof TransportError) return true;
  if (error instanceof GraphQLRequestError) return error.code === "UNAVAILABLE";
  return error instanceof Error && ["TimeoutError", "AbortError"].includes(error.name);
}
