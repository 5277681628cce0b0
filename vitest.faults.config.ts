import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

// Crashes and outages: several server processes at once, so one file after another.
const testTimeout = process.env.FAULTS === "full" ? 3_600_000 : 300_000;
const config = mergeConfig(base, {
  test: { testTimeout, maxWorkers: 1, fileParallelism: false },
});
config.test.include = ["test/faults/**/*.test.ts"];
config.test.exclude = [];

export default config;
