/**
 * A process of its own whose executor leaves errors behind that nobody catches: in a listener of its
 * signal, in a timer, in a promise that nobody awaits. Prints what became of its jobs.
 */
import { openPostgres } from "../../src/store/postgres-database.ts";
import { outliveStrayErrors } from "../../src/stray-errors.ts";
import { EngineBench, executorOf, silentLog } from "./engine-bench.ts";

export default async function run(url: string): Promise<void> {
  const stray = { left: 3 };
  const log = silentLog.child({});
  log.error = () => {
    stray.left -= 1;
  };
  outliveStrayErrors(log);
  const db = await openPostgres({ url, poolMax: 8, role: "engine", log: silentLog });
  const bench = new EngineBench(db);
  const careless = executorOf("careless", (_payload, { signal }) => {
    signal.addEventListener("abort", () => {
      setTimeout(() => {
        throw new Error("in a timer");
      }, 1);
      void Promise.reject(new Error("in a promise"));
      throw new Error("in a listener");
    });
    return new Promise(() => {});
  });
  const careful = executorOf("careful", () => "done");
  await bench.startEngine([careless, careful]);
  const first = await bench.submit({ type: "careless", maxAttempts: 1, timeoutMs: 20 });
  const { status } = await bench.untilEnded(first);
  while (stray.left > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await bench.untilEnded(await bench.submit({ type: "careful" }));
  await bench.close();
  process.stdout.write(JSON.stringify([status, second.status]));
}
