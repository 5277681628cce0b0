import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createTestDatabase, describeWithPostgres } from "../support/postgres.ts";

describeWithPostgres("errors that an executor leaves behind", () => {
  it("end neither the process nor the jobs of others", async () => {
    const { url } = await createTestDatabase();
    const script = join(import.meta.dirname, "../support/run-source.mjs");
    const module = join(import.meta.dirname, "stray-errors-process.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script, module, url]);
    expect(JSON.parse(stdout)).toEqual(["FAILED", "COMPLETED"]);
  });
});
