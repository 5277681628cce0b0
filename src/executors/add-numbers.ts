/** Job type `add_numbers`: the smallest useful job, for first steps and for tests. */
import { z } from "zod";
import { defineExecutor } from "./define-executor.ts";
import { NonRetryableError } from "./errors.ts";

export const addNumbers = defineExecutor({
  type: "add_numbers",
  description: "Adds two integers.",
  payload: z
    .strictObject({
      a: z.int().meta({
        title: "First number",
        description: "An integer between -(2^53 - 1) and 2^53 - 1.",
      }),
      b: z.int().meta({ title: "Second number", description: "An integer, as the first." }),
    })
    .meta({ title: "Numbers to add", examples: [{ a: 2, b: 3 }] }),
  result: z.strictObject({
    sum: z
      .int()
      .meta({ title: "Sum", description: "Exact; a sum that would not be fails the job." }),
  }),
  parallelizable: false,
  run({ a, b }) {
    const sum = a + b;
    if (!Number.isSafeInteger(sum)) {
      throw new NonRetryableError("the sum is past 2^53, where integers are no longer exact", {
        code: "SUM_TOO_LARGE",
      });
    }
    return { sum };
  },
});
