import { expect, it } from "vitest";
import { Cluster } from "./cluster.ts";
import { SubmitJobs, WatchLog } from "./documents.ts";
import { size } from "./size.ts";
import { describeFaults } from "./stage.ts";

const JOBS = size("FAULT_CHATTY_JOBS", { full: 60, short: 12 });
const LINES = 100;
const PROGRAM = new URL("./chatty-server.mjs", import.meta.url).pathname;

/** Of each attempt how many lines there are. @throws if one is missing, doubled or out of order */
function countLines(messages: readonly string[]): number[] {
  const counts: number[] = [];
  for (const message of messages) {
    const [, attempt = "0", line = "0"] = /^attempt (\d+) line (\d+)$/.exec(message) ?? [];
    const known = counts[Number(attempt) - 1] ?? 0;
    expect(message).toBe(`attempt ${attempt} line ${known + 1}`);
    expect(Number(attempt)).toBeGreaterThanOrEqual(counts.length);
    counts[Number(attempt) - 1] = Number(line);
  }
  return counts;
}

describeFaults("an instance that is killed while its jobs log", (stage) => {
  it("leaves what was written, and watchers get each line once, with the next attempt's", async () => {
    const { env } = stage();
    const worker = { env: { ...env, ROLE: "worker", WORKER_THREADS: String(JOBS) } };
    const members = [{ env: { ...env, ROLE: "api" } }, worker];
    const options = { program: PROGRAM };
    const cluster = await Cluster.start(members.map((member) => ({ ...member, options })));
    const { client } = cluster.server(0);
    const jobs = Array.from({ length: JOBS }, () => ({ type: "chatty", payload: {} }));
    const { submitJobs } = await client.request(SubmitJobs, { input: { jobs } });
    const told: string[][] = [];
    let heard = () => {};
    const halfway = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const watching = submitJobs.results.map(async ({ job: { id } }) => {
      const messages: string[] = [];
      told.push(messages);
      for await (const { jobLogAppended } of client.subscribe(WatchLog, { id })) {
        messages.push(jobLogAppended.message);
        if (told.length === JOBS && told.every(({ length }) => length > 20)) heard();
      }
    });
    await halfway;
    await cluster.server(1).kill();
    await cluster.startAgain(1);
    await Promise.all(watching);
    const counts = told.map(countLines);
    // All were running, and had been heard of.
    for (const [first = 0, ...later] of counts) {
      expect(first).toBeGreaterThan(20);
      expect(later).toEqual([LINES]);
    }
  });
});
