import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Pace } from "../../src/http/sharing/pace.ts";
import { PacedWrites } from "../../src/http/sharing/paced-writes.ts";

/** A burst of writes that took so long. */
async function burst(pace: Pace, ms: number): Promise<void> {
  pace.noteWrite();
  const end = performance.now() + ms;
  while (performance.now() < end);
  await nextTurn();
}

function openWrites() {
  const written: string[] = [];
  let tell = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      tell = resolve;
    });
  const writes = new PacedWrites((bytes) => {
    written.push(String(bytes));
    tell();
  });
  return {
    written,
    next,
    write: (text: string, pace: Pace | null) => writes.write(Buffer.from(text), pace),
  };
}

it("what comes while nothing rests is written at once", () => {
  const { written, write } = openWrites();
  const pace = new Pace();
  write("a", pace);
  write("b", null);
  expect(written).toEqual(["a", "b"]);
});

it("what comes after a long burst goes out together, in order, when as much time has passed", async () => {
  const { written, next, write } = openWrites();
  const pace = new Pace();
  const startedAt = performance.now();
  await burst(pace, 20);
  for (const text of ["a", "b", "c"]) write(text, pace);
  expect(written).toEqual([]);
  await next();
  expect(written).toEqual(["abc"]);
  expect(performance.now() - startedAt).toBeGreaterThan(39);
});

it("what belongs to no group does not wait, and takes what is held back along before it", async () => {
  const { written, write } = openWrites();
  const pace = new Pace();
  await burst(pace, 20);
  write("a", pace);
  write("b", null);
  expect(written).toEqual(["a", "b"]);
});

it("no more is held back for a client than eight kilobytes", async () => {
  const { written, write } = openWrites();
  const pace = new Pace();
  await burst(pace, 20);
  const large = "x".repeat(9_000);
  write("a", pace);
  write(large, pace);
  expect(written).toEqual(["a", large]);
  for (let count = 0; count < 9; count += 1) write("y".repeat(1_000), pace);
  expect(written.length).toBeGreaterThan(2);
});

it("a process that stood still during a burst does not let its clients wait as long again", async () => {
  const { next, write } = openWrites();
  const pace = new Pace();
  await burst(pace, 1_500);
  const heldAt = performance.now();
  write("a", pace);
  await next();
  expect(performance.now() - heldAt).toBeLessThan(1_000);
});
