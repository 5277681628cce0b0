/** The command line. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly json: boolean;
  readonly help: boolean;
  /** Names of benchmarks or rows; empty: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Jobs of one drain, one bulk submit, or requests of one HTTP run. */
  readonly jobs: number;
  /** Single jobs timed one by one in a round. */
  readonly samples: number;
  /** A role that may create databases; what is measured goes into databases of its own. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/** @throws Error in words for the person at the command line */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "3" },
      jobs: { type: "string", default: "30000" },
      samples: { type: "string", default: "200" },
      postgres: { type: "string", default: "postgres://postgres@127.0.0.1:5432/postgres" },
      redis: { type: "string", default: "redis://127.0.0.1:6379" },
    },
  });
  return {
    json: values.json,
    help: values.help,
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    rounds: wholeNumber("rounds", values.rounds),
    jobs: wholeNumber("jobs", values.jobs),
    samples: wholeNumber("samples", values.samples),
    postgresUrl: values.postgres,
    redisUrl: values.redis,
  };
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} must be a whole number above 0, not "${value}".`);
}
