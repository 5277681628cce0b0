/** Turns as keys in Redis that expire by themselves. */
import type { Turns } from "./turns.ts";

export interface RedisTurnsOptions {
  /** Begins every key. */
  readonly prefix: string;
  /** Names this instance. */
  readonly owner: string;
  /** Runs a Lua script on one key; rejects at once without a connection. */
  readonly run: (script: string, key: string, values: readonly string[]) => Promise<unknown>;
  /** Redis says nothing, from now until `onAnswer`. */
  readonly onSilence: (error: unknown) => void;
  readonly onAnswer: () => void;
}

/** Longer than Redis ever takes while it is well, and nothing beside the second between two rounds. */
const ANSWER_MS_MAX = 250;

const TAKE = `local owner = redis.call('get', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1`;

const GIVE_UP = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0`;

export class RedisTurns implements Turns {
  readonly #options: RedisTurnsOptions;
  #silent = false;

  constructor(options: RedisTurnsOptions) {
    this.#options = options;
  }

  async take(name: string, ttlMs: number): Promise<boolean> {
    const { run, owner } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MS_MAX, null);
    });
    const answer = run(TAKE, this.#key(name), [owner, String(ttlMs)]).then(
      (taken) => this.#answered(taken),
      (error: unknown) => this.#failed(error),
    );
    const taken = await Promise.race([answer, late]);
    clearTimeout(timer);
    return taken !== 0;
  }

  giveUp(name: string): void {
    const { run, owner } = this.#options;
    run(GIVE_UP, this.#key(name), [owner]).catch((error: unknown) => this.#failed(error));
  }

  #answered(taken: unknown): unknown {
    if (this.#silent) this.#options.onAnswer();
    this.#silent = false;
    return taken;
  }

  #failed(error: unknown): void {
    if (!this.#silent) this.#options.onSilence(error);
    this.#silent = true;
  }

  #key(name: string): string {
    return `${this.#options.prefix}:turn:${name}`;
  }
}
