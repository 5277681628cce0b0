import { describe, expect, it } from "vitest";
import { explainRefusal } from "../../src/store/postgres-connect.ts";

const ENCODE = "Special characters in the password must be percent-encoded.";

const notFound = (host: string) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });

const told = (connectionString: string, error: Error) =>
  explainRefusal(error, { connectionString }, "DATABASE_URL").message;

describe("a host that nobody knows", () => {
  it("may come from a password with special characters, if there is one", () => {
    const message = told("postgres://me:hunter2@db.invalid/x", notFound("db.invalid"));
    expect(message).toContain("PostgreSQL at db.invalid:5432: getaddrinfo ENOTFOUND db.invalid");
    expect(message).toContain(ENCODE);
    expect(message).not.toContain("hunter2");
  });

  it("has nothing to do with a password that is not there", () => {
    expect(told("postgres://db.invalid/x", notFound("db.invalid"))).not.toContain(ENCODE);
    expect(told("postgres://me@db.invalid/x", notFound("db.invalid"))).not.toContain(ENCODE);
  });

  it.each(["/", "?", "#"])("is not named where it may be a piece of a password with %s", (sign) => {
    const message = told(`postgres://me:hun@ter2${sign}x@db.example/x`, notFound("ter2"));
    expect(message).toContain("at the host that DATABASE_URL seems to name: ENOTFOUND.");
    expect(message).toContain(ENCODE);
    expect(message).not.toMatch(/hun|ter2/);
  });
});

it("a server that is not there is no matter of the password", () => {
  const error = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), {
    code: "ECONNREFUSED",
  });
  const message = told("postgres://me:hunter2@127.0.0.1:1/x", error);
  expect(message).toContain("at 127.0.0.1:1: connect ECONNREFUSED");
  expect(message).not.toContain(ENCODE);
});
