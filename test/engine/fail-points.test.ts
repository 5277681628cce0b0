import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import { armFailPoints, failPoint } from "../../src/engine/fail-points.ts";

const MODULE = new URL("./pass-fail-point.ts", import.meta.url).pathname;
const RUNNER = new URL("../support/run-source.mjs", import.meta.url).pathname;

function passInProcess(passes: number): NodeJS.Signals | null {
  return spawnSync(process.execPath, [RUNNER, MODULE, String(passes)]).signal;
}

describe("a fail-point", () => {
  it("does nothing when nothing is armed", () => {
    expect(() => failPoint("mid-drain")).not.toThrow();
  });

  it("kills the process at the pass that it is armed for, and not before", () => {
    expect(passInProcess(2)).toBe(null);
    expect(passInProcess(3)).toBe("SIGKILL");
  });

  it("is refused under a name that does not exist, because it would never fire", () => {
    const arm = () => armFailPoints({ "mid-dream": { pass: 1 } });
    expect(arm).toThrow(OperatorError);
    expect(arm).toThrow("there are only after-claim-commit");
  });
});
