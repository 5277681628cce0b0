/**
 * How long tests with random inputs look, and how one of their failures is played again. The only
 * reader of these variables:
 *
 * - `VINYASA_TEST_SEED`: the seed that a failure named; only that run is made.
 * - `VINYASA_TEST_PATH`: the path that fast-check named beside its seed: straight to the smallest case.
 * - `VINYASA_TEST_RUNS`: how many times as many runs as usual; 1 if not given, 0.1 is a tenth.
 */
import fc from "fast-check";

export interface Seeds {
  /** Null: another one each time. */
  readonly seed: number | null;
  readonly path: string | null;
  readonly times: number;
}

/** @throws Error for a variable that is no number */
export function readSeeds(): Seeds {
  return {
    seed: numberIn("VINYASA_TEST_SEED"),
    path: process.env.VINYASA_TEST_PATH ?? null,
    times: numberIn("VINYASA_TEST_RUNS") ?? 1,
  };
}

/** Checks a property, so that its failure says how it is played again. */
export async function checkProperty<Values>(
  property: fc.IAsyncPropertyWithHooks<Values>,
  usualRuns: number,
): Promise<void> {
  const { seed, path, times } = readSeeds();
  const details = await fc.check(property, {
    numRuns: Math.ceil(usualRuns * times),
    ...(seed !== null && { seed }),
    ...(path !== null && { path }),
  });
  if (!details.failed) return;
  const variables = `VINYASA_TEST_SEED=${details.seed} VINYASA_TEST_PATH=${details.counterexamplePath}`;
  const report = await fc.asyncDefaultReportMessage(details);
  const message = `${report}\nPlay it again with ${variables} npx vitest run <this file>`;
  throw new Error(message, { cause: details.errorInstance });
}

function numberIn(variable: string): number | null {
  const text = process.env[variable];
  if (text === undefined || text === "") return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`${variable} must be a number, and is "${text}"`);
  return value;
}
