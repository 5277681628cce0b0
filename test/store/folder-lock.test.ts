import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OperatorError } from "../../src/domain/errors.ts";
import { lockFolder } from "../../src/store/folder-lock.ts";

describe("the lock of a folder", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vinyasa-lock-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A process that listens on a socket as a holder of the lock does, until it is killed. */
  async function listen(name: string): Promise<{ kill(): Promise<void> }> {
    const code = `require("node:net").createServer((s) => s.end("held")).listen(process.argv[1], () => console.log())`;
    const child = spawn(process.execPath, ["-e", code, join(folder, name)]);
    await once(child.stdout, "data");
    const kill = async () => {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    };
    return { kill };
  }

  it("is refused while somebody has it, in words that name the folder and the process", async () => {
    const lock = await lockFolder(folder);
    const second = lockFolder(folder);
    await expect(second).rejects.toThrow(OperatorError);
    await expect(second).rejects.toThrow(`${folder} is in use by process ${process.pid}`);
    await lock.release();
  });

  it("is free again after its release, and leaves no file", async () => {
    await (await lockFolder(folder)).release();
    await (await lockFolder(folder)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("names the process that has it", async () => {
    const holder = await listen("lock-4711-00000000");
    await expect(lockFolder(folder)).rejects.toThrow("in use by process 4711.");
    await holder.kill();
  });

  it.each([
    ["whose number nobody has", 999_999],
    ["whose number we have now", process.pid],
    ["that was the first of its container", 1],
  ])("is taken over from a killed process %s", async (_, pid) => {
    const holder = await listen(`lock-${pid}-00000000`);
    await holder.kill();
    expect(readdirSync(folder)).toEqual([`lock-${pid}-00000000`]);
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readdirSync(folder)).not.toContain(`lock-${pid}-00000000`);
    await lock.release();
  });

  it("is given to one of many that ask at once", async () => {
    const holder = await listen("lock-1-00000000");
    await holder.kill();
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => lockFolder(folder)));
    const locks = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    expect(locks).toHaveLength(1);
    await locks[0]?.release();
  });

  it("works in a folder with a path too long for sockets", async () => {
    const deep = join(folder, "a".repeat(100), "b".repeat(100));
    mkdirSync(deep, { recursive: true });
    const lock = await lockFolder(deep);
    await expect(lockFolder(deep)).rejects.toThrow(`${deep} is in use`);
    await lock.release();
    expect(readdirSync(tmpdir()).filter((name) => /^vinyasa-[0-9a-f]{8}$/.test(name))).toEqual([]);
    expect(readdirSync(deep)).toEqual([]);
  });
});
