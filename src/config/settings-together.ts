/** Settings that are good each, and not together. */

interface Settings {
  readonly HEARTBEAT_MS: number;
  readonly DEAD_AFTER_MS: number;
  readonly LEASE_MS: number;
  readonly DATABASE_URL: string | null;
  readonly DATABASE_POOL_URL: string | null;
}

/** By the name to blame, what is wrong. */
export function settingsThatDoNotFit(env: Settings): [keyof Settings, string][] {
  const { HEARTBEAT_MS: beat, DEAD_AFTER_MS: dead, LEASE_MS: lease } = env;
  const found: [keyof Settings, string][] = [];
  if (lease < beat * 4) {
    found.push([
      "LEASE_MS",
      `is ${lease}; it must be at least four times HEARTBEAT_MS (${beat}), or a single late heartbeat loses jobs.`,
    ]);
  }
  if (dead < beat * 3) {
    found.push([
      "DEAD_AFTER_MS",
      `is ${dead}; it must be at least three times HEARTBEAT_MS (${beat}), or a connection that breaks once loses jobs.`,
    ]);
  }
  if (dead > lease) {
    found.push([
      "DEAD_AFTER_MS",
      `is ${dead}; it must not be longer than LEASE_MS (${lease}), which ends every wait.`,
    ]);
  }
  if (env.DATABASE_POOL_URL !== null && env.DATABASE_URL === null) {
    found.push([
      "DATABASE_POOL_URL",
      "is set and DATABASE_URL is not; the engine needs a connection without a pooler.",
    ]);
  }
  return found;
}
