/** The command line; in JavaScript, because it is read before there is anything to run TypeScript. */
import { parseArgs } from "node:util";
import { NAMES } from "./names.js";

/**
 * @typedef {object} BenchOptions
 * @property {boolean} json
 * @property {boolean} help
 * @property {readonly string[]} only Names of benchmarks or rows; empty: all.
 * @property {number} rounds
 * @property {number} jobs Jobs of one drain, one bulk submit, or requests of one HTTP run.
 * @property {number} samples Single jobs timed one by one in a round.
 * @property {string} postgresUrl
 *   A role that may create databases; what is measured goes into databases of its own.
 * @property {string} redisUrl
 */

/**
 * @param {readonly string[]} args
 * @returns {Readonly<BenchOptions>}
 * @throws Error in words for the person at the command line
 */
export function readOptions(args) {
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
    only: knownNames(values.only.flatMap((names) => names.split(","))),
    rounds: wholeNumber("rounds", values.rounds),
    jobs: wholeNumber("jobs", values.jobs),
    samples: wholeNumber("samples", values.samples),
    postgresUrl: values.postgres,
    redisUrl: values.redis,
  };
}

/** @param {readonly string[]} given */
function knownNames(given) {
  const names = given.map((name) => name.trim()).filter((name) => name !== "");
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`There is no benchmark "${unknown}", only: ${NAMES.join(", ")}.`);
}

/**
 * @param {string} name
 * @param {string} value
 */
function wholeNumber(name, value) {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} must be a whole number above 0, not "${value}".`);
}
