import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createYoga } from "graphql-yoga";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openTestApi, type TestApi } from "../schema/test-api.ts";
import { describeWithPostgres } from "../support/postgres.ts";

describeWithPostgres("examples/watch-job.ts", () => {
  let api: TestApi;
  let server: Server;

  beforeAll(async () => {
    api = await openTestApi();
    await api.startEngine();
    const yoga = createYoga({
      schema: api.schema,
      context: ({ request }) => api.createContext(request.signal),
      logging: false,
    });
    server = createServer(yoga).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  test("submits a job and prints each of its states until the last", async () => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...parts) => {
      lines.push(parts.join(" "));
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const argv = process.argv;
    process.argv = ["node", "watch-job", `http://127.0.0.1:${address.port}/graphql`];
    try {
      await import("../../examples/watch-job.ts");
    } finally {
      process.argv = argv;
      log.mockRestore();
    }
    expect(lines[0]).toMatch(/^submitted [0-9a-f-]{36}$/);
    expect(lines.at(-1)).toBe('COMPLETED {"text":"desserts"}');
    expect(lines.slice(1, -1).every((line) => /^(PENDING|RUNNING) null$/.test(line))).toBe(true);
  });
});

test("examples/watch-job.ts says in one line that no server answers", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const address = closed.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  closed.close();
  await once(closed, "close");
  const url = `http://127.0.0.1:${address.port}/graphql`;
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const { argv, exitCode } = process;
  process.argv = ["node", "watch-job", url];
  vi.resetModules();
  try {
    await import("../../examples/watch-job.ts");
    expect(process.exitCode).toBe(1);
    expect(error.mock.calls).toEqual([[expect.stringMatching(/ECONNREFUSED.*npm start$/)]]);
    expect(String(error.mock.calls[0]?.[0])).toContain(url);
  } finally {
    process.argv = argv;
    process.exitCode = exitCode;
    error.mockRestore();
  }
});
