/** Jobs fall into 16 buckets: each has a channel, and interest is announced by bucket. */

export const BUCKET_COUNT = 16;

/** A set of buckets: bit n stands for bucket n. */
export type BucketMask = number;

export const NO_BUCKETS: BucketMask = 0;
export const ALL_BUCKETS: BucketMask = 2 ** BUCKET_COUNT - 1;

const DIGIT_ZERO = 48;
const LETTER_A_MINUS_TEN = 87;

/**
 * The bucket of a job, 0 to 15: the last hex digit of its id, which is random in a UUIDv7 (the
 * first half is a clock). Any other string gets some bucket, always the same one.
 */
export function bucketOf(jobId: string): number {
  const code = jobId.charCodeAt(jobId.length - 1);
  return (code < 58 ? code - DIGIT_ZERO : code - LETTER_A_MINUS_TEN) & (BUCKET_COUNT - 1);
}

export function hasBucket(mask: BucketMask, bucket: number): boolean {
  return ((mask >> bucket) & 1) === 1;
}

/** The buckets that must be watched to hear of one job, or of all (`null`). */
export function bucketsFor(jobId: string | null): BucketMask {
  return jobId === null ? ALL_BUCKETS : 1 << bucketOf(jobId);
}
