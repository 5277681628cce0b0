/**
 * Numbers made from a seed. Each depends on the seed and its own place alone, so any part of them can be
 * made anywhere, and how they are divided changes nothing:
 *
 *   x = seed + place * 2654435769   (place from 0; all of it modulo 2^32)
 *   x = (x xor (x >> 16)) * 569420461
 *   x = (x xor (x >> 15)) * 1935289751
 *   number = x xor (x >> 15)        (from 0 to 2^32 - 1)
 */
import { ExactSum } from "./exact-sum.ts";

export const SEED_MAX = 2 ** 32 - 1;

/** 2^32 divided by the golden ratio: places that are near to each other begin far apart. */
const STEP = 2_654_435_769;
const FIRST_FACTOR = 569_420_461;
const SECOND_FACTOR = 1_935_289_751;

export function generatedNumber(seed: number, place: number): number {
  let x = (seed + Math.imul(place, STEP)) | 0;
  x = Math.imul(x ^ (x >>> 16), FIRST_FACTOR);
  x = Math.imul(x ^ (x >>> 15), SECOND_FACTOR);
  return (x ^ (x >>> 15)) >>> 0;
}

/** Of the numbers from place `from` to before place `to`. */
export function sumGenerated(seed: number, from: number, to: number): bigint {
  const sum = new ExactSum();
  for (let place = from; place < to; place += 1) sum.add(generatedNumber(seed, place));
  return sum.total;
}
