import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

describeWithPostgres("a server that runs no CPU-bound job", () => {
  it("starts no thread, and loads neither piscina nor sharp", async () => {
    const { url } = await createTestDatabase();
    const script = join(import.meta.dirname, "../support/run-source.mjs");
    const module = join(import.meta.dirname, "no-threads-process.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script, module, url]);
    expect(JSON.parse(stdout)).toEqual({ status: "COMPLETED", threads: 0, loaded: [] });
  });
});
