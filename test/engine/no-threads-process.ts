/** A process of its own that runs a job of a built-in type. Prints what it has started and loaded for it. */
import { createRequire } from "node:module";
import { builtInExecutors } from "../../src/executors/built-in.ts";
import { Stage, silentLog } from "./stage.ts";

interface Report {
  readonly workers?: readonly unknown[];
  readonly sharedObjects: readonly string[];
}

export default async function run(url: string): Promise<void> {
  // What Vite needs to run this.
  const before = countThreads();
  const stage = await Stage.open(url);
  const mail = { smtpUrl: null, from: "a@b.example", folder: "/nowhere" };
  await stage.startEngine(builtInExecutors({ mail, log: silentLog }));
  const [{ id }] = await stage.submit({ type: "add_numbers", payload: '{"a":1,"b":2}' });
  const { status } = await stage.ended(id);
  const { sharedObjects } = process.report.getReport() as Report;
  // Both come as CommonJS, whoever imports them; sharp brings libraries of its own.
  const paths = [...Object.keys(createRequire(import.meta.url).cache), ...sharedObjects];
  const loaded = paths.filter((path) => /node_modules\/(piscina|sharp|@img)\//.test(path));
  const threads = countThreads() - before;
  await stage.close();
  process.stdout.write(JSON.stringify({ status, threads, loaded }));
}

function countThreads(): number {
  return (process.report.getReport() as Report).workers?.length ?? 0;
}
