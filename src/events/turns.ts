/**
 * Who of the fleet does the work that one instance at a time is enough for.
 *
 * A turn saves the others a statement, and decides nothing: the statements are harmless if several
 * instances run them at once, and whoever was refused for too long goes ahead all the same. So a lock
 * that lies, is lost or expires early costs some work, and never a job.
 */
export interface Turns {
  /**
   * True if this instance has the turn `name` now, for `ttlMs` more, or if nobody can tell. Never
   * rejects, and answers within a quarter of a second.
   */
  take(name: string, ttlMs: number): Promise<boolean>;
  /** Lets another instance have it at once: what it is for has failed here. */
  giveUp(name: string): void;
}

/** For a process that shares its database with nobody, or with others that it cannot ask. */
export const EVERY_TURN: Turns = {
  take: async () => true,
  giveUp: () => {},
};
