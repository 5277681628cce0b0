import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addNumbers } from "../../../src/executors/add-numbers.ts";
import { defineExecutor } from "../../../src/executors/define-executor.ts";
import { assertNew } from "../../../src/executors/folder/load-job-types.ts";

const ROOT = join(import.meta.dirname, "../../..");
const LOAD = join(import.meta.dirname, "load-in-node.mjs");
/** A newer one, which takes types out itself, where the benchmarks' packages are installed. */
const NEWER = join(ROOT, `bench/node_modules/node-linux-${process.arch}/bin/node`);

const define = (type: string, more = "") =>
  `defineExecutor({ type: "${type}", description: "Test.", payload: z.unknown(), run: () => null${more} })`;
const IMPORT = 'import { defineExecutor, z } from "vinyasa";\n';

/** Files by folder, and what loading it should say. */
interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly types?: readonly string[];
  readonly error?: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "loads JavaScript and TypeScript, exported by default or by name, in order": {
    files: {
      "b.js": `${IMPORT}export default ${define("from_js")};`,
      "a.ts": `${IMPORT}interface Never { n: number }\nexport const one = ${define("one")};\nexport const two = ${define("two")};\nexport const n = (x: Never): number => x.n;`,
      "c.mjs": `import { z } from "zod";\n${IMPORT.replace(", z", "")}export default ${define("from_mjs")};`,
    },
    types: ["a.ts: one", "a.ts: two", "b.js: from_js", "c.mjs: from_mjs"],
  },
  "lets modules use helpers of a subfolder, and each other": {
    files: {
      "lib/name.ts": 'export const name: string = "helped";',
      "a.ts": `${IMPORT}import { name } from "./lib/name.ts";\nexport default ${define("x").replace('"x"', "name")};`,
      "index.ts": 'export { default } from "./a.ts";',
    },
    types: ["a.ts: helped"],
  },
  "leaves out declarations, tests and what is no module": {
    files: {
      "a.ts": `${IMPORT}export default ${define("a")};`,
      "a.test.ts": 'throw new Error("a test was run");',
      "a.d.ts": "export declare const a: number;",
      "notes.md": "# Notes",
    },
    types: ["a.ts: a"],
  },
  "tells of a module that throws, with its words and the line": {
    files: { "a.ts": '\n\nthrow new Error("no key: set API_KEY");' },
    error: /: a\.ts cannot be loaded: no key: set API_KEY \(line 3\)\. Mend it, or move it out/,
  },
  "tells of a definition with mistakes": {
    files: { "a.ts": `${IMPORT}export default ${define("Bad Name", ", timeout: 5")};` },
    error: /a\.ts cannot be loaded: job type "Bad Name": type must be .*; timeout is no option/,
  },
  "tells of TypeScript that would have to be compiled": {
    files: { "a.ts": "\nenum A { B }\nexport default A.B;" },
    error: /a\.ts cannot be loaded: .*enum is not supported in strip-only mode.*no enum/,
  },
  "tells of a mistake in its syntax": {
    files: { "a.ts": "const a: = 3;" },
    error: /a\.ts cannot be loaded: .*[Uu]nexpected/,
  },
  "tells of a package that is not there": {
    files: { "a.ts": 'import "no-such-package-at-all";' },
    error: /Cannot find package 'no-such-package-at-all'.* \(npm install no-such-package-at-all\)/,
  },
  "tells of a module that exports no executor": {
    files: { "a.ts": "export const a = 1;" },
    error:
      /a\.ts exports no executor\. Export what defineExecutor returns; helpers go into a subfolder/,
  },
  "tells of a definition that did not pass through defineExecutor": {
    files: { "a.ts": 'export default { type: "a", run: () => null };' },
    error: /a\.ts exports a definition that did not pass through defineExecutor/,
  },
  "tells of a type that two files define": {
    files: {
      "a.ts": `${IMPORT}export default ${define("same")};`,
      "b.ts": `${IMPORT}export default ${define("same")};`,
    },
    error: /b\.ts defines the job type "same", which a\.ts defines, too\. Give one another name\.$/,
  },
  "tells of all that is wrong at once": {
    files: { "a.ts": "export const a = 1;", "b.js": 'throw new Error("second");' },
    error: /:\n {2}- a\.ts exports no executor.*\n {2}- b\.js cannot be loaded: second/,
  },
  "tells of a folder without modules": {
    files: { "notes.md": "# Notes" },
    error: /which holds no module \(\.ts, \.mts, \.js or \.mjs\)\. Put one there/,
  },
};

interface Answer {
  readonly types?: readonly string[];
  readonly error?: string;
}

const nodes: [string, string][] = [[`Node ${process.versions.node}`, process.execPath]];
if (existsSync(NEWER)) nodes.push(["a newer Node", NEWER]);

describe.each(nodes)("a folder of job types, in %s", (_name, node) => {
  let folder: string;
  let answers: Answer[];

  beforeAll(async () => {
    // Outside of any project, so that nothing is installed there.
    folder = mkdtempSync(join(tmpdir(), "vinyasa-types-"));
    const folders = Object.values(CASES).map(({ files }, index) => {
      for (const [name, text] of Object.entries(files)) {
        const path = join(folder, String(index), name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
      return join(folder, String(index));
    });
    const odd = [join(folder, "nowhere"), join(folder, "0/b.js")];
    const args = [LOAD, ...folders, ...odd];
    const { stdout } = await promisify(execFile)(node, args, { cwd: ROOT });
    answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.entries(CASES).map(([name, each], index) => ({ name, index, ...each })))(
    "$name",
    ({ index, types, error }) => {
      const answer = answers[index];
      if (types !== undefined) expect(answer).toEqual({ types });
      if (error !== undefined) expect(answer?.error).toMatch(error);
    },
  );

  it("tells of a folder that is not there, and of one that is a file", () => {
    const [nowhere, file] = answers.slice(-2);
    expect(nowhere?.error).toBe(
      `OperatorError: JOB_TYPES_DIR is ${folder}/nowhere, and there is no such folder. ` +
        "Make it, or name the one with your job types.",
    );
    expect(file?.error).toMatch(/0\/b\.js, which is a file\. Name the folder that it is in\.$/);
  });
});

describe("a type of one's own that is called like a built-in one", () => {
  it("is refused with its file", () => {
    const executor = defineExecutor({
      type: "add_numbers",
      description: "Mine.",
      payload: addNumbers.payload,
      run: () => null,
    });
    expect(() => assertNew("./mine", [{ executor, file: "add.ts" }], [addNumbers])).toThrow(
      'JOB_TYPES_DIR is ./mine: add.ts defines the job type "add_numbers", which the server has already.',
    );
  });
});
