import { expect, it } from "vitest";
import { OperatorError, RequestError } from "../../src/domain/errors.ts";

it("a request error carries the code that callers branch on", () => {
  const error = new RequestError("NOT_FOUND", "there is no such job");
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "RequestError", code: "NOT_FOUND" });
  expect(String(error)).toBe("RequestError: there is no such job");
});

it("an operator error reads as a plain sentence under its own name", () => {
  const error = new OperatorError("port 8080 is taken: set PORT");
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "OperatorError", message: "port 8080 is taken: set PORT" });
});
