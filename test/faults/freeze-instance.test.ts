import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster } from "./cluster.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { SEEDS, size } from "./size.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";

const LEASE = size("FAULT_FREEZE_LEASE_MS", { full: 5_000, short: 2_000 });
const EACH = 25;

describeFaults("an instance that is frozen for three leases", (stage) => {
  it.each(SEEDS)(
    "loses its jobs to others and changes none of them later (seed %i)",
    async (seed) => {
      const { env, ledger, databaseUrl } = stage();
      const lease = { LEASE_MS: String(LEASE), HEARTBEAT_MS: "250", DEAD_AFTER_MS: "1000" };
      const frozen = { ...env, ...lease, WORKER_THREADS: "50" };
      // The second one runs nothing until the first one has all jobs.
      const cluster = await Cluster.start([{ env: frozen }, { env: { ...env, ...lease } }]);
      await cluster.stop(1);
      const submitter = new Submitter(() => cluster.clients, new Random(seed));
      const answered = webhooks(ledger, { count: EACH, prefix: "answered", hold: 1 });
      const held = webhooks(ledger, { count: EACH, prefix: "held", hold: 1 });
      await submitter.submit([...answered, ...held]);
      await ledger.until(() => ledger.inFlight === 2 * EACH);
      await cluster.startAgain(1);
      const zombie = cluster.server(0);
      zombie.freeze();
      const frozenAt = Date.now();
      // Its answers wait for it in its sockets.
      ledger.answer("answered");
      await sleep(3 * LEASE);
      zombie.thaw();
      const thawedAt = Date.now();
      await ledger.until(() => ledger.inFlight === 0);
      const dropped = () =>
        zombie.logged("dropped jobs", "jobs") + zombie.logged("stale writes refused", "count");
      const giveUpAt = performance.now() + 10_000;
      while (dropped() < 2 * EACH && performance.now() < giveUpAt) await sleep(20);
      const { facts, figures } = await finishRun("an instance frozen for three leases", {
        ...{ databaseUrl, submitter, ledger, cluster },
        mayOverlap: true,
        figures: { seed, leaseMs: LEASE, droppedOrRefused: dropped() },
      });
      expect(dropped()).toBe(2 * EACH);
      expect(figures.lostAttempts).toBe(2 * EACH);
      for (const { attempts } of facts.jobs.values()) {
        const [lost] = attempts;
        expect(attempts).toHaveLength(1);
        const afterMs = (lost?.finishedAtMs ?? 0) - frozenAt;
        // Its last beat was half a second before, at most.
        expect(afterMs).toBeGreaterThanOrEqual(LEASE - 500);
        // Two more seconds to notice.
        expect(afterMs).toBeLessThanOrEqual(LEASE + 2_000);
      }
      // The executors were told: their requests were broken off.
      const cut = ledger.executions().filter(({ how }) => how === "cut");
      expect(cut).toHaveLength(EACH);
      for (const { end } of cut) expect(end - thawedAt).toBeLessThanOrEqual(1_000);
    },
  );
});
