/** Finds the numbers of a JSON text that JSON.parse would change without a word. */
import { keepsDigits, lossyNumber } from "../domain/lossy-number.ts";
import { endOfString } from "./json-bounds.ts";

/**
 * What may be one: 16 digits or an exponent, where a number can begin. Nearly no text has it. (Node
 * 20 has no way to see a number's text while it parses.)
 */
const SUSPECT = /(?:^|[:,[\s])-?(?:\d[\d.]{15}|\d[\d.]*[eE])/;
/** One is enough to refuse the request that they are in. */
const FOUND_MAX = 100;

const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
/** With a mask that takes small letters for large ones. */
const E = 0x45;

/**
 * `text` with a stand-in for each number that JavaScript cannot hold as it is written, for
 * `jsonIssue` to refuse with its path.
 */
export function markLossyNumbers(text: string): string {
  if (!SUSPECT.test(text)) return text;
  const pieces: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length && pieces.length < FOUND_MAX; i += 1) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      i = endOfString(text, i);
    } else if (isDigit(char)) {
      const end = endOfNumber(text, i);
      const start = text.charCodeAt(i - 1) === MINUS ? i - 1 : i;
      const source = text.slice(start, end);
      if (!keepsDigits(source)) {
        pieces.push(text.slice(from, start) + JSON.stringify(lossyNumber(source)));
        from = end;
      }
      i = end - 1;
    }
  }
  return from === 0 ? text : pieces.join("") + text.slice(from);
}

/** Not by a pattern: a text may be millions of numbers. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isInNumber(text.charCodeAt(end))) end += 1;
  return end;
}

function isInNumber(char: number): boolean {
  return isDigit(char) || char === DOT || (char & 0xdf) === E || char === PLUS || char === MINUS;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}
