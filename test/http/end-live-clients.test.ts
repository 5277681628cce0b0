import { describe, expect, it } from "vitest";
import { endSpread } from "../../src/http/end-live-clients.ts";

/** When each of `count` endings was called, in milliseconds from the start. */
async function endAll(count: number, withinMs: number): Promise<number[]> {
  const startedAt = performance.now();
  const calledAt: number[] = [];
  const ending = () => void calledAt.push(performance.now() - startedAt);
  await endSpread(
    Array.from({ length: count }, () => ending),
    withinMs,
  );
  return calledAt;
}

describe("ending live clients", () => {
  it("is spread over the time there is, so that they do not come back together", async () => {
    const calledAt = await endAll(1_000, 400);
    expect(calledAt).toHaveLength(1_000);
    expect(calledAt.at(-1)).toBeGreaterThan(300);
    const firstTenth = calledAt.filter((ms) => ms < 40);
    expect(firstTenth.length).toBeLessThan(200);
  });

  it("does not make a few clients wait", async () => {
    expect((await endAll(1, 10_000)).at(-1)).toBeLessThan(20);
    expect(await endAll(0, 10_000)).toEqual([]);
  });

  it("is done at once where there is no time", async () => {
    expect(await endAll(100, 0)).toHaveLength(100);
  });
});
