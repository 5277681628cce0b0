import { describe, expect, it } from "vitest";
import { jsonBoundsIssue } from "../../src/http/json-bounds.ts";
import { post, startServer } from "./test-server.ts";

const padding = " ".repeat(70_000);

describe("a JSON text", () => {
  it("may hold ten thousand jobs", () => {
    const job = { type: "t", payload: { a: [1, 2, 3], b: "x".repeat(100) }, tags: ["a", "b"] };
    expect(jsonBoundsIssue(JSON.stringify(Array.from({ length: 10_000 }, () => job)))).toBeNull();
  });

  it("may hold two million plain numbers, and is refused with ten", () => {
    const numbers = (count: number) => `[${"7,".repeat(count)}7]`;
    expect(jsonBoundsIssue(numbers(2_000_000))).toBeNull();
    expect(jsonBoundsIssue(numbers(10_000_000))).toBe("has more than 4000000 elements");
  });

  it("is refused where it is nested too deep, in arrays and in objects", () => {
    expect(jsonBoundsIssue(padding + "[".repeat(257))).toContain("deeper");
    expect(jsonBoundsIssue(padding + '{"a":'.repeat(257))).toContain("deeper");
    expect(jsonBoundsIssue(padding + "[".repeat(256) + "]".repeat(256))).toBeNull();
  });

  it("is refused where it has too many parts", () => {
    expect(jsonBoundsIssue(`[${"[],".repeat(1_000_001)}0]`)).toContain("more than 1000000");
    expect(jsonBoundsIssue(`{${'"k":1,'.repeat(1_000_001)}"k":1}`)).toContain("more than 1000000");
  });

  it("may hold brackets and quotes in its strings", () => {
    const text = `${"[{".repeat(500)}\\"${"\\\\"}`;
    expect(
      jsonBoundsIssue(padding + JSON.stringify([text, text, '\\"[', "[".repeat(999)])),
    ).toBeNull();
  });

  it("that does not end is left to the parser", () => {
    expect(jsonBoundsIssue(`${padding}["abc\\"`)).toBeNull();
  });
});

describe("the server", () => {
  it("refuses a body of brackets, and a document of megabytes", async () => {
    const { graphqlUrl } = await startServer({ httpBodyMaxBytes: 32 * 1_024 * 1_024 });
    const deep = await fetch(graphqlUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"query":"{ hello }","variables":{"x":${"[".repeat(1_000_000)}`,
    });
    expect(deep.status).toBe(400);
    expect(JSON.stringify(await deep.json())).toContain("nested deeper");
    const long = await post(graphqlUrl, `{ hello } #${"x".repeat(2 * 1_024 * 1_024)}`);
    expect(JSON.stringify(await long.json())).toContain("longer than");
  });
});
