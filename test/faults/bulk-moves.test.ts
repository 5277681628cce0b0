import { expect, it } from "vitest";
import { type Client, GraphQLRequestError, TransportError } from "../../src/client/index.ts";
import { Random } from "../store/random.ts";
import { Cluster, sameMembers } from "./cluster.ts";
import { CancelJob, RetryJob } from "./documents.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { queryOnce } from "./settle.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const JOBS = size("FAULT_BULK_JOBS", { full: 5_000, short: 400 });
const CLIENTS = 4;
const AT_ONCE = 10;

/** What a client was told. */
interface Told {
  readonly id: string;
  readonly version: number;
  readonly status: string;
}

describeFaults(
  "four clients that cancel and retry everything, each in an order of its own",
  (stage) => {
    it.each(SEEDS)("meet no deadlock, and are told what happened (seed %i)", async (seed) => {
      const { env, ledger, databaseUrl } = stage();
      const random = new Random(seed);
      const cluster = await Cluster.start(sameMembers(2, env));
      const submitter = new Submitter(() => cluster.clients, random);
      const jobs = webhooks(ledger, { count: JOBS, prefix: "job", ms: 20 });
      const anyEnd = jobs.map((job) => ({ ...job, ends: "ANY" as const }));
      await submitter.submit(anyEnd, { batch: 200 });
      const ids = [...submitter.acknowledged.values()];
      const told: Told[] = [];
      const errors: string[] = [];
      const clients = Array.from({ length: CLIENTS }, (_, index) => {
        const order = shuffled(ids, random);
        const client = cluster.clients[index % cluster.size] ?? cluster.server(0).client;
        return workThrough(client, order, random, told, errors);
      });
      await Promise.all(clients);
      const { facts } = await finishRun("bulk cancels and retries", {
        ...{ databaseUrl, submitter, ledger, cluster },
        figures: {
          seed,
          told: told.length,
          errors: errors.length,
          ...(await deadlocks(databaseUrl)),
        },
      });
      expect(errors).toEqual([]);
      // How many were still there to be moved depends on the machine.
      expect(told.length).toBeGreaterThan(JOBS / 10);
      const wrong = told.filter(({ id, version, status }) => {
        const move = facts.jobs.get(id)?.moves.find((candidate) => candidate.version === version);
        return move?.to !== status;
      });
      expect(wrong).toEqual([]);
    });
  },
);

/** Cancels each job; every second one that it cancelled, it retries. */
async function workThrough(
  client: Client,
  ids: string[],
  random: Random,
  told: Told[],
  errors: string[],
): Promise<void> {
  const work = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      try {
        const { cancelJob } = await client.request(CancelJob, { input: { id } });
        const { job } = cancelJob;
        if (job?.status !== "CANCELLED") continue;
        told.push({ id, ...job });
        if (random.chance(0.5)) continue;
        const { retryJob } = await client.request(RetryJob, { input: { id } });
        // Somebody else may have been faster.
        if (retryJob.job !== undefined) told.push({ id, ...retryJob.job });
      } catch (error) {
        if (!(error instanceof GraphQLRequestError || error instanceof TransportError)) throw error;
        errors.push(error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function shuffled(ids: readonly string[], random: Random): string[] {
  const keyed = ids.map((id) => ({ id, at: random.next() }));
  return keyed.toSorted((a, b) => a.at - b.at).map(({ id }) => id);
}

/** As PostgreSQL counts them, those included that were tried again and that nobody saw. */
async function deadlocks(url: string): Promise<{ deadlocks: number }> {
  const [row] = await queryOnce(
    url,
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return { deadlocks: Number(row?.deadlocks) };
}
