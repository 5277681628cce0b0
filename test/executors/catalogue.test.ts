import { describe, expect, it } from "vitest";
import { builtInExecutors } from "../../src/executors/built-in.ts";
import type { Executor } from "../../src/executors/define-executor.ts";
import { payloadJsonSchema, resultJsonSchema } from "../../src/executors/json-schema.ts";
import { parseSchema } from "../../src/executors/parse-schema.ts";
import { silentLog } from "./running.ts";

const mail = { smtpUrl: null, from: "a@b.example", folder: "/nowhere" };
const executors = builtInExecutors({ mail, log: silentLog });

interface Field {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Field>>;
}

/** Paths of the fields that a form would have no words for. */
function silent(schema: Field | null, path: string): string[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const isSilent = field.title === undefined && field.description === undefined;
    return [...(isSilent ? [here] : []), ...silent(field, here)];
  });
}

describe.each(executors.map((one): [string, Executor] => [one.type, one]))(
  "the built-in job type %s",
  (_type, executor) => {
    it("has words for every field", () => {
      expect(silent(payloadJsonSchema(executor), "payload")).toEqual([]);
      expect(silent(resultJsonSchema(executor), "result")).toEqual([]);
    });

    it("shows payloads that it takes", async () => {
      const { examples } = payloadJsonSchema(executor) as { readonly examples?: unknown[] };
      expect(examples?.length).toBeGreaterThan(0);
      for (const example of examples ?? []) {
        expect(await parseSchema(executor.payload, example)).toMatchObject({ success: true });
      }
    });
  },
);
