/**
 * `submitJob` over HTTP from 50 connections, each waiting for its answer: a durable commit before
 * every one, beside the same mutation on a bare Yoga server whose resolver does nothing.
 */
import type { Benchmark } from "./benchmark.ts";

export const httpSubmit: Benchmark = {
  name: "http-submit",
  rows: [
    {
      name: "http-submit",
      unit: "requests/s",
      better: "higher",
      figure: "perSecond",
      ours: { name: "vinyasa", module: "vinyasa-http.ts" },
      peer: { name: "bare Yoga", module: "bare-yoga-http.ts" },
      reach: 0.75,
    },
  ],
};
