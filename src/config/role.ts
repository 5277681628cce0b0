/** What an instance is for. */

export const ROLES = ["all", "api", "worker"] as const;

export type Role = (typeof ROLES)[number];

interface RoleSettings {
  readonly ROLE: Role;
  readonly DATABASE_URL: string | null;
  readonly WORKER_THREADS: readonly number[];
}

/** Settings that make no sense together, by the variable to blame. */
export function roleMistakes(env: RoleSettings): ["ROLE" | "WORKER_THREADS", string][] {
  if (env.ROLE !== "all" && env.DATABASE_URL === null) {
    const message = `is ${env.ROLE}; that needs DATABASE_URL, because the embedded database serves one process, which has to do everything.`;
    return [["ROLE", message]];
  }
  if (env.ROLE === "worker" && env.WORKER_THREADS.length === 0) {
    return [["WORKER_THREADS", "is 0; an instance with ROLE=worker would have nothing to do."]];
  }
  return [];
}

/** What works, and less well than its operator may think; null if there is nothing. */
export function roleWarning(role: Role, redisUrl: string | null): string | null {
  if (role === "all" || redisUrl !== null) return null;
  return (
    `ROLE is ${role} and REDIS_URL is not set: instances that serve the API and those that run jobs ` +
    "hear of each other only when they look, every POLL_INTERVAL_MS."
  );
}
