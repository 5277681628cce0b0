/** The names of benchmarks and of their rows, in JavaScript for the same reason as the usage. */
export const NAMES = [
  "drain",
  "bulk-submit",
  "bulk-submit-api",
  "bulk-submit-store",
  "http-submit",
  "submit-to-start",
  "submit-to-start-p50",
  "submit-to-start-p99",
  "commit-to-subscriber",
  "commit-to-subscriber-p50",
  "commit-to-subscriber-p99",
  "fan-out",
  "growth",
  "drain-grown",
];
