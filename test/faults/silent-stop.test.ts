import { afterEach, expect, it } from "vitest";
import { Random } from "../store/random.ts";
import { Cluster } from "./cluster.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { finishRun } from "./finish-run.ts";
import { webhooks } from "./planned-jobs.ts";
import { describeFaults } from "./stage.ts";
import { Submitter } from "./submitter.ts";
import { Watchers } from "./watchers.ts";

const HELD = 6;
const GRACE_MS = 2_000;
/** Three seconds for outcomes, one each for the engine, live updates and connections. */
const AFTER_GRACE_MS = 6_000;

let proxy: FaultProxy | null = null;

afterEach(() => proxy?.close());

describeFaults("a PostgreSQL that does not answer any more", (stage) => {
  it("holds up a stop for seconds only, and others do the work", async () => {
    const { env, ledger, databaseUrl } = stage();
    proxy = await FaultProxy.start(databaseUrl);
    const cut = { ...env, DATABASE_URL: proxy.url, SHUTDOWN_GRACE_MS: String(GRACE_MS) };
    const cluster = await Cluster.start([{ env: cut }, { env }]);
    await cluster.stop(1);
    const random = new Random(1);
    const submitter = new Submitter(() => cluster.clients, random);
    await submitter.submit(webhooks(ledger, { count: HELD, prefix: "held", hold: 1 }));
    let home = 0;
    const watchers = new Watchers(() => [cluster.urls[home] ?? ""], random);
    await watchers.watchSome(submitter, HELD);
    await ledger.until(() => ledger.inFlight === HELD);
    await cluster.startAgain(1);
    home = 1;
    proxy.set("blackhole");
    const began = performance.now();
    expect(await cluster.stop(0)).toBe(0);
    const stopMs = performance.now() - began;
    const { figures } = await finishRun("a stop with a silent database", {
      ...{ databaseUrl, submitter, ledger, watchers, cluster },
      figures: { graceMs: GRACE_MS, stopMs },
    });
    expect(stopMs).toBeLessThanOrEqual(GRACE_MS + AFTER_GRACE_MS + 1_000);
    expect(figures.lostAttempts).toBe(HELD);
  });
});
