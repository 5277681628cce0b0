/** Sums of safe integers, exact however large they become. */

/**
 * Adds in ordinary numbers, which are exact up to 2^53, and carries over to a bigint before that is
 * passed: a bigint for each number would be thirty times as slow.
 */
export class ExactSum {
  #carried = 0n;
  #sum = 0;

  add(number: number): void {
    const sum = this.#sum + number;
    if (sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER) {
      this.#sum = sum;
    } else {
      // A rounded sum is never within the bounds: what rounds to 2^53 or more is outside.
      this.#carried += BigInt(this.#sum);
      this.#sum = number;
    }
  }

  get total(): bigint {
    return this.#carried + BigInt(this.#sum);
  }
}

export function sumOf(numbers: Iterable<number>): bigint {
  const sum = new ExactSum();
  for (const number of numbers) sum.add(number);
  return sum.total;
}
