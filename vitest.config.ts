import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";

const require = createRequire(import.meta.url);

export default defineConfig({
  // Vitest hands graphql's .mjs build to our files and its .js build to dependencies: two realms,
  // in which our GraphQLErrors are strangers to Yoga and get masked. One alias makes it one realm.
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve("graphql") }] },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/faults/**"],
    globalSetup: ["test/support/global-setup.ts"],
    // Threads that a test starts run our sources, too.
    execArgv: ["--import", new URL("test/support/typescript-threads.mjs", import.meta.url).href],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
