import { readdir, readFile } from "node:fs/promises";
import { generate } from "@graphql-codegen/cli";
import { expect, test } from "vitest";
import config from "../../codegen.ts";

interface Output {
  readonly filename: string;
  readonly content: string;
}

test("the generated documents are those of the schema and the examples (npm run codegen writes them)", async () => {
  const generated: readonly Output[] = await generate(
    { ...config, silent: true, errorsOnly: true },
    false,
  );
  const names = generated.map(({ filename }) => filename.replace(/^.*\//, ""));
  expect(names.toSorted()).toEqual(await readdir("examples/gql"));
  for (const { filename, content } of generated) {
    expect(content).toBe(await readFile(filename, "utf8"));
  }
});
