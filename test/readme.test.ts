import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killAll, ServerProcess } from "./faults/server-process.ts";

const missing = ["bash", "curl"].filter((program) => spawnSync(program, ["--version"]).error);
const skipped = missing.length > 0 ? ` (skipped: no ${missing.join(", no ")})` : "";

describe.skipIf(missing.length > 0)(`README's "Try it"${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "vinyasa-readme-"));
  let server: ServerProcess;

  beforeAll(async () => {
    server = await ServerProcess.start({ DATA_DIR: folder });
  }, 120_000);
  afterAll(async () => {
    await killAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it("submits a job to a server without any set-up, and shows its states until the last", async () => {
    const states = await runBlock("http://localhost:8080/graphql", `${server.url}/graphql`);
    const statuses = states.map(({ status }) => status);
    // A state that the next one follows at once may be skipped.
    const expected = ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"];
    expect(expected.filter((status) => statuses.includes(status))).toEqual(statuses);
    expect(statuses[0]).toBe("SCHEDULED");
    expect(states.at(-1)).toEqual({ status: "COMPLETED", attempt: 1, result: { sum: 5 } });
  });
});

interface State {
  readonly status: string;
  readonly attempt: number;
  readonly result: unknown;
}

/** Runs the block as a reader would, but against our server; returns what the stream sent. */
async function runBlock(address: string, ours: string): Promise<State[]> {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const block = /^## Try it$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? "";
  if (!block.includes(address)) throw new Error(`README's block does not name ${address}`);
  const script = block.replaceAll(address, ours);
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { timeout: 20_000 });
  const events = stdout.split("\n").filter((line) => line.startsWith("data: {"));
  return events.map((line) => JSON.parse(line.slice("data: ".length)).data.jobUpdated);
}
