import { describe, expect, it } from "vitest";
import { RequestError } from "../../src/domain/errors.ts";
import { post, startServer } from "./test-server.ts";

describe("an error", () => {
  it("that is a bug is masked: nothing of it is sent, all of it is logged", async () => {
    const { graphqlUrl, logged } = await startServer();
    const response = await post(graphqlUrl, "{ crash }");
    const text = await response.text();
    expect(text).not.toMatch(/secret|hunter2|stack|\.ts/);
    expect(JSON.parse(text)).toMatchObject({
      data: { crash: null },
      errors: [{ path: ["crash"], extensions: { code: "INTERNAL_SERVER_ERROR" } }],
    });
    const entry = logged.find(({ level }) => level === "error");
    expect(entry).toMatchObject({
      at: "crash",
      err: { message: expect.stringContaining("secret") },
    });
    expect(JSON.stringify(entry)).not.toContain("hunter2");
  });

  it("with a code is sent as it is, and not logged as a fault", async () => {
    const { graphqlUrl, logged } = await startServer();
    const response = await post(graphqlUrl, "{ coded }");
    expect(await response.json()).toEqual({
      data: { coded: null },
      errors: [
        {
          message: "There is no such job.",
          locations: [{ line: 1, column: 3 }],
          path: ["coded"],
          extensions: { code: "NOT_FOUND" },
        },
      ],
    });
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("that a library hung an inner error on loses it", async () => {
    const { graphqlUrl } = await startServer();
    const text = await (await post(graphqlUrl, "{ leaky }")).text();
    expect(text).toContain('"code":"X"');
    expect(text).not.toContain("secret.ts");
  });

  it("can be given a code from outside, and 503 where the caller should try again", async () => {
    const unavailable = new RequestError("UNAVAILABLE", "The database is away; try again.");
    const { graphqlUrl } = await startServer(
      {},
      { toRequestError: (error) => (String(error).includes("ECONNREFUSED") ? unavailable : null) },
    );
    const response = await post(graphqlUrl, "{ away }");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    const text = await response.text();
    expect(text).toContain('"code":"UNAVAILABLE"');
    expect(text).not.toMatch(/10\.0\.0\.1|http/);
  });

  it("in making the context is masked, too", async () => {
    const createContext = () => {
      throw new Error("secret context");
    };
    const { graphqlUrl } = await startServer({}, { createContext });
    const response = await post(graphqlUrl, "{ hello }");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|\.ts/);
  });

  it("in a route of another part is one sentence", async () => {
    const route = {
      path: "/broken",
      methods: ["GET"],
      handle: () => Promise.reject(new Error("secret route")),
    };
    const { url, logged } = await startServer({}, { routes: [route] });
    const response = await fetch(`${url}/broken`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret|\.ts/);
    expect(logged.some(({ err }) => JSON.stringify(err)?.includes("secret route"))).toBe(true);
  });
});
