import { describe, expect, it } from "vitest";
import { type BannerInfo, banner } from "../src/banner.ts";

const info: BannerInfo = {
  version: "0.1.0",
  url: "http://localhost:8080",
  role: "all",
  graphiql: true,
  readyAfterMs: 1_432,
  database: {
    name: "embedded PostgreSQL in ./data",
    survivesRestart: true,
    survivesPowerCut: false,
  },
  bus: "inside this process",
  workers: [4, 8],
  queues: null,
  jobTypes: null,
  mail: { kind: "folder", path: "./data/mail" },
};

describe("the banner", () => {
  it("names every URL, the database and what it survives, bus, workers and mail", () => {
    const text = banner(info, { color: false });
    for (const part of [
      "Vinyasa 0.1.0",
      "ready in 1.4 s",
      "all: serves the API and runs jobs",
      "http://localhost:8080/graphql  (in a browser)",
      "ws://localhost:8080/graphql",
      "http://localhost:8080/health",
      "http://localhost:8080/readyz",
      "embedded PostgreSQL in ./data",
      "survive a restart; a power cut can cost the last moments",
      "inside this process",
      "2 workers, 12 threads (4 + 8), all queues",
      "./data/mail",
      "curl -s http://localhost:8080/graphql",
    ]) {
      expect(text).toContain(part);
    }
  });

  it("names job types of one's own, six of them, and their folder", () => {
    const shown = (names: string[]) =>
      banner({ ...info, jobTypes: { names, folder: "./mine" } }, { color: false });
    expect(shown(["a", "b"])).toMatch(/Job types +a, b, from \.\/mine\n/);
    expect(shown([..."abcdefgh"])).toContain("a, b, c, d, e, f and 2 more, from ./mine");
    expect(banner(info, { color: false })).not.toContain("Job types");
  });

  it("says so when nothing is run here and GraphiQL is off", () => {
    const text = banner({ ...info, workers: [], graphiql: false }, { color: false });
    expect(text).toContain("runs none");
    expect(text).not.toContain("browser");
  });

  it("shows no way to an API that is not here", () => {
    const text = banner({ ...info, role: "worker" }, { color: false });
    expect(text).toContain("worker: runs jobs");
    expect(text).toContain("http://localhost:8080/readyz");
    expect(text).not.toContain("/graphql");
  });

  it("has colours only where they are wanted, and the same words", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what it is about.
    const codes = /\u001b\[[\d;]*m/g;
    const plain = banner(info, { color: false });
    const colored = banner(info, { color: true });
    expect(plain).not.toMatch(codes);
    expect(colored).toMatch(codes);
    expect(colored.replace(codes, "")).toBe(plain);
  });
});
