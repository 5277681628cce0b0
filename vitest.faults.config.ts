import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

// Crashes and outages: several server processes at once, so one file after another.
const config = mergeConfig(base, {
  test: { testTimeout: 300_000, maxWorkers: 1, fileParallelism: false },
});
config.test.include = ["test/faults/**/*.test.ts"];
config.test.exclude = [];

export default config;
