import fc from "fast-check";
import { expect, it } from "vitest";
import { checkProperty } from "../support/seeds.ts";

it("a property that fails says with which variables it is played again", async () => {
  const small = fc.asyncProperty(fc.nat(), async (n) => n < 1_000);
  const failure = checkProperty(small, 1_000);
  await expect(failure).rejects.toThrow(/Counterexample: \[1000\]/);
  await expect(failure).rejects.toThrow(/VINYASA_TEST_SEED=-?\d+ VINYASA_TEST_PATH=[\d:]+ npx/);
});
