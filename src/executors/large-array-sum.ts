/** Job type `large_array_sum`: the example of a job that computes on several threads. */
import { z } from "zod";
import { defineExecutor, type ExecutorContext } from "./define-executor.ts";
import { sumOf } from "./sums/exact-sum.ts";
import { SEED_MAX, sumGenerated } from "./sums/generated-numbers.ts";
import { MISSING } from "./value-words.ts";

const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
const COUNT_MAX = 1_000_000_000;
/** Numbers of a chunk at most: ten milliseconds, so that progress is seen, and handing out costs little. */
const CHUNK_MAX = 2 ** 22;
/** For fewer than these a second thread costs more time than it saves. */
const WORTH_THREADS = 200_000;

const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

/** A schema for each of millions of elements takes zod seconds, and a copy of the array. */
const numbers = z
  .custom<readonly number[]>((value) => Array.isArray(value), {
    error: ({ input }) => (input === undefined ? MISSING : "must be a list"),
  })
  .superRefine((given, context) => {
    const index = given.findIndex((number) => !Number.isSafeInteger(number));
    if (index === -1) return;
    const message = "must be a whole number between -(2^53 - 1) and 2^53 - 1";
    context.addIssue({ code: "custom", path: [index], message });
  })
  .meta({
    type: "array",
    items: { type: "integer", ...SAFE },
    title: "Numbers",
    description: "The integers to add: up to 64 MiB of JSON.",
    examples: [[1, 2, 3]],
  });

const generate = z
  .strictObject({
    count: z
      .int()
      .min(1)
      .max(COUNT_MAX)
      .meta({ title: "Count", description: "How many numbers.", examples: [50_000_000] }),
    seed: z
      .int()
      .min(0)
      .max(SEED_MAX)
      .default(0)
      .meta({ title: "Seed", description: "The same seed makes the same numbers." }),
  })
  .meta({
    title: "Generated numbers",
    description: "Numbers from 0 to 2^32 - 1 that the threads make themselves, each its own part.",
  });

const payload = z
  .union([
    z.strictObject({ numbers }).meta({ title: "These numbers" }),
    z.strictObject({ generate }).meta({ title: "Generated numbers" }),
  ])
  .meta({
    title: "Integers to add",
    examples: [{ numbers: [1, 2, 3] }, { generate: { count: 50_000_000, seed: 1 } }],
  });

const result = z.strictObject({
  sum: z.union([z.int(), z.string().regex(/^-?\d+$/)]).meta({
    title: "Sum",
    description: "Exact. A string of digits where it is past 2^53 - 1 in size.",
    examples: [6, "9007199254740993"],
  }),
  chunks: z.int().meta({ title: "Chunks", description: "Into how many parts it was divided." }),
});

type Chunk =
  | { readonly numbers: Float64Array<ArrayBuffer> }
  | { readonly seed: number; readonly from: number; readonly to: number };

export const largeArraySum = defineExecutor({
  type: "large_array_sum",
  description:
    "Adds integers, exactly, on all threads that the job asked for. Either numbers that are sent, or millions that are made from a seed.",
  payload,
  result,
  cpuBound: true,
  module: import.meta.url,
  payloadBytesMax: PAYLOAD_BYTES_MAX,
  async run(given, context) {
    const count = "numbers" in given ? given.numbers.length : given.generate.count;
    const bounds = chunkBounds(count, context.threads);
    const chunks = bounds.map(([from, to]): Chunk => {
      if ("generate" in given) return { seed: given.generate.seed, from, to };
      return { numbers: Float64Array.from(given.numbers.slice(from, to)) };
    });
    const sums = await addChunks(chunks, count, context);
    const sum = sums.reduce((total, part) => total + part, 0n);
    const isSafe = sum >= SAFE.minimum && sum <= SAFE.maximum;
    return { sum: isSafe ? Number(sum) : String(sum), chunks: chunks.length };
  },
});

/** Exported for the threads, which find it by its name. */
export function sumChunk(chunk: Chunk): bigint {
  return "numbers" in chunk ? sumOf(chunk.numbers) : sumGenerated(chunk.seed, chunk.from, chunk.to);
}

async function addChunks(
  chunks: readonly Chunk[],
  count: number,
  context: ExecutorContext,
): Promise<bigint[]> {
  if (count < WORTH_THREADS) return chunks.map(sumChunk);
  let done = 0;
  return context.parallel(sumChunk, chunks, {
    transfer: (chunk) => ("numbers" in chunk ? [chunk.numbers.buffer] : []),
    onDone: () => {
      done += 1;
      context.progress(done / chunks.length);
    },
  });
}

/** As many chunks for each thread, of nearly the same size; one at least. */
function chunkBounds(count: number, threads: number): (readonly [from: number, to: number])[] {
  const wanted = Math.ceil(count / (threads * CHUNK_MAX)) * threads;
  const chunks = Math.max(1, Math.min(wanted, count));
  const bound = (index: number) => Math.floor((index * count) / chunks);
  return Array.from({ length: chunks }, (_, index) => [bound(index), bound(index + 1)] as const);
}
