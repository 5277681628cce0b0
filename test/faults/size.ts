/** How large the fault cases are and which chance they follow: the one reader of these settings. */

/** `FAULTS=full` for a night; otherwise short, as in CI. */
const isFull = process.env.FAULTS === "full";

/** @param name an environment variable that overrides both, for trying a case at a size of its own */
export function size(
  name: string,
  sizes: { readonly full: number; readonly short: number },
): number {
  const given = process.env[name];
  if (given !== undefined && given !== "") return Number(given);
  return isFull ? sizes.full : sizes.short;
}

/** Each randomized case runs once for each; `FAULTS_SEED` repeats one of them. */
export const SEEDS: readonly number[] = readSeeds();

function readSeeds(): number[] {
  const given = process.env.FAULTS_SEED;
  if (given !== undefined && given !== "") return given.split(",").map(Number);
  return isFull ? [11, 22, 33] : [11];
}

/** Where figures go besides the console, as JSON lines; null: nowhere. */
export const REPORT_PATH: string | null = process.env.FAULTS_REPORT || null;

/** A folder for the log of every server process, to find out why a case failed; null: not kept. */
export const LOGS_PATH: string | null = process.env.FAULTS_LOGS || null;
