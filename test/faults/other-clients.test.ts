import { expect, it } from "vitest";
import { Cluster, sameMembers } from "./cluster.ts";
import { SubmitJob } from "./documents.ts";
import { NOT_RETRYING, OTHER_CLIENTS, type OtherClient, Sightings } from "./other-clients.ts";
import { webhooks } from "./planned-jobs.ts";
import { queryOnce } from "./settle.ts";
import { describeFaults } from "./stage.ts";

const DUE_NOW = "update vinyasa.scheduled_jobs set at = clock_timestamp()";

const DEPARTURES = [
  { how: "stopped", leave: (cluster: Cluster) => cluster.stop(0) },
  { how: "killed", leave: (cluster: Cluster) => cluster.kill(0) },
];

describeFaults("other people's clients", (stage) => {
  /** A server goes away, comes back at its address, and then runs the job that all of them watch. */
  const watchOver = async (
    clients: readonly OtherClient[],
    leave: (cluster: Cluster) => Promise<unknown>,
  ): Promise<Map<string, Sightings>> => {
    const { env, ledger, databaseUrl } = stage();
    const cluster = await Cluster.start(sameMembers(1, env));
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const jobs = webhooks(ledger, { count: 1, prefix: "job", more: { scheduledAt } });
    const { client } = cluster.server(0);
    const [id = ""] = await Promise.all(
      jobs.map(async ({ input }) => (await client.request(SubmitJob, { input })).submitJob.job.id),
    );
    const [url = ""] = cluster.urls;
    const all = new Map(clients.map(({ name, watch }) => [name, new Sightings(url, id, watch)]));
    await Promise.all([...all.values()].map((sightings) => sightings.first));
    await leave(cluster);
    await cluster.startAgain(0);
    await queryOnce(databaseUrl, DUE_NOW);
    await Promise.all([...all.values()].map((sightings) => sightings.end));
    for (const sightings of all.values()) sightings.close();
    await cluster.stopAll();
    return all;
  };

  it.each(DEPARTURES)("see the end of a job whose server was $how meanwhile", async ({ leave }) => {
    for (const [name, { seen, error }] of await watchOver(OTHER_CLIENTS, leave)) {
      expect(error, name).toBeNull();
      expect(seen.at(0)?.status, name).toBe("SCHEDULED");
      expect(seen.at(-1)?.status, name).toBe("COMPLETED");
      const versions = seen.map(({ version }) => version);
      expect(versions, name).toEqual([...versions].sort((a, b) => a - b));
    }
  });

  it.each(DEPARTURES)("that do not retry are told that a server was $how", async ({ leave }) => {
    for (const { seen, error } of (await watchOver([NOT_RETRYING], leave)).values()) {
      expect(seen.map(({ status }) => status)).toEqual(["SCHEDULED"]);
      expect(error).toMatchObject({ networkError: expect.any(Error) });
    }
  });
});
