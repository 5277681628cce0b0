import { expect, it, vi } from "vitest";
import { BoundedWork } from "../../src/events/bounded-work.ts";

it("begins the next piece when one has ended, however it ended, in the order of arrival", async () => {
  const work = new BoundedWork({ atOnce: 2, slowAfterMs: 60_000 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const pieces = [1, 2, 3, 4].map((each) =>
    work.run(async () => {
      begun.push(each);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (each === 1) throw new Error("the first");
      return each;
    }),
  );
  const [first = Promise.resolve(0), ...others] = pieces;
  await vi.waitFor(() => expect(begun).toEqual([1, 2]));
  ends[0]?.();
  await expect(first).rejects.toThrow("the first");
  await vi.waitFor(() => expect(begun).toEqual([1, 2, 3]));
  ends[2]?.();
  await vi.waitFor(() => expect(begun).toEqual([1, 2, 3, 4]));
  for (const end of ends) end();
  expect(await Promise.all(others)).toEqual([2, 3, 4]);
});

it("what hangs makes room for the next piece, and is still waited for by who asked for it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const work = new BoundedWork({ atOnce: 1, slowAfterMs: 1_000 });
  let end = (_value: string) => {};
  const hanging = work.run(() => new Promise<string>((resolve) => (end = resolve)));
  const next = work.run(async () => "next");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await next).toBe("next");
  end("late");
  expect(await hanging).toBe("late");
  vi.useRealTimers();
});
