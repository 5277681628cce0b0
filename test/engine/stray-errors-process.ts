/**
 * A process of its own whose executor leaves errors behind that nobody catches: in a listener of its
 * signal, in a timer, in a promise that nobody awaits. Prints what became of its jobs.
 */
import { outliveStrayErrors } from "../../src/stray-errors.ts";
import { executorOf } from "./executors.ts";
import { Stage, silentLog } from "./stage.ts";

export default async function run(url: string): Promise<void> {
  const stray = { left: 3 };
  const log = silentLog.child({});
  log.error = () => {
    stray.left -= 1;
  };
  outliveStrayErrors(log);
  const stage = await Stage.open(url);
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
  await stage.startEngine([careless, careful]);
  const [first] = await stage.submit({ type: "careless", maxAttempts: 1, timeoutMs: 20 });
  const { status } = await stage.ended(first.id);
  while (stray.left > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const [{ id }] = await stage.submit({ type: "careful" });
  const second = await stage.ended(id);
  await stage.close();
  process.stdout.write(JSON.stringify([status, second.status]));
}
