/**
 * Numbers that JavaScript would change without a word: it reads 0.1234567890123456789 as
 * 0.12345678901234568. Who parses a text puts a stand-in where such a number was, and `jsonIssue`
 * refuses it there, with the path.
 */

/** No JSON value that passes `jsonIssue` has this key. */
const KEY = "\u0000number";
/** Of doubles: any decimal of so many digits comes back as it was. */
const DIGITS_KEPT = 15;
/** As far as toPrecision goes. */
const DIGITS_MAX = 100;
const CHARS_MAX = 500;
const SHOWN_MAX = 40;
const INTEGER = /^-?\d+$/;

/** What stands for a number that is not `keepsDigits`. */
export function lossyNumber(source: string): Record<string, string> {
  return { [KEY]: source.slice(0, CHARS_MAX) };
}

/** What is wrong with the stand-in of which `key` and `value` are the member; null if it is none. */
export function lossyIssue(key: string, value: unknown): string | null {
  if (key !== KEY || typeof value !== "string") return null;
  const shown = value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}...` : value;
  return isNormal(Number(value))
    ? `is ${shown}, a number with more digits than JavaScript keeps (${DIGITS_KEPT} always fit)`
    : `is ${shown}, a number too near to 0 for JavaScript to keep its digits`;
}

/**
 * False if the nearest double, written with as many digits as `source` has, is another number. So
 * 0.1, 1.10, 1e3 and 0.10000000000000001 pass, the last one because it is how C prints 0.1. Numbers
 * that show by themselves that they were changed pass, too: infinite ones, and integers past 2^53.
 *
 * @param source a number of JSON or GraphQL
 */
export function keepsDigits(source: string): boolean {
  // One that was changed is past 2^53. Two million of them took seconds to compare.
  if (INTEGER.test(source)) return true;
  const value = Number(source);
  // Most numbers were written by JavaScript, or as it would.
  if (String(value) === source) return true;
  if (!Number.isFinite(value)) return true;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return true;
  if (source.length > CHARS_MAX) return false;
  const digits = significantDigits(source);
  if (digits.length > DIGITS_MAX) return false;
  if (digits.length <= DIGITS_KEPT && (isNormal(value) || digits === "")) return true;
  return significantDigits(value.toPrecision(digits.length)) === digits;
}

/** Nearer to 0, doubles have fewer digits. */
function isNormal(value: number): boolean {
  return Math.abs(value) > Number.MIN_VALUE * 2 ** 52;
}

/** Without sign, point and exponent, and without zeros at either end. */
function significantDigits(source: string): string {
  return source
    .replace(/e.*$/i, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
}
