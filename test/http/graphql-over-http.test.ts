import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpServer, type HttpServer } from "../../src/http/http-server.ts";
import { createLog } from "../../src/log.ts";
import { createStage, TEST_CONFIG } from "./test-server.ts";

describe("the GraphQL-over-HTTP audit", () => {
  let server: HttpServer;

  beforeAll(async () => {
    server = createHttpServer({
      schema: createStage().schema,
      createContext: () => ({}),
      config: TEST_CONFIG,
      log: createLog({ level: "silent", format: "json", write: () => undefined }),
      readiness: async () => ({ ready: true }),
    });
    await server.start();
  });
  afterAll(() => server.stop());

  const audits = serverAudits({ url: () => `${server.url}/graphql`, fetchFn: fetch });

  it("has the 61 audits that the suite had when this was written, or more", () => {
    expect(audits.length).toBeGreaterThanOrEqual(61);
  });

  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
    "%s %s",
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result).toMatchObject({ status: "ok" });
    },
  );
});
