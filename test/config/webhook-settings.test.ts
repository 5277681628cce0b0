import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { printableConfig } from "../../src/config/describe.ts";
import { loadConfig } from "../../src/config.ts";

const load = (env: Record<string, string>) => loadConfig(env, { envFile: null }).config;
const messageOf = (env: Record<string, string>) => {
  try {
    load(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was accepted");
};
const allowed = (list: string) => load({ WEBHOOK_ALLOW: list }).webhookAllow;
const secret = (bytes: number, letter = "a") =>
  `whsec_${Buffer.alloc(bytes, letter).toString("base64")}`;

describe("WEBHOOK_ALLOW", () => {
  it("allows nothing by default", () => {
    expect(load({}).webhookAllow).toEqual([]);
  });

  it.each([
    ["intranet.example", { kind: "name", name: "intranet.example", port: null }],
    ["Intranet.Example.:8080", { kind: "name", name: "intranet.example", port: 8080 }],
    ["localhost", { kind: "name", name: "localhost", port: null }],
    ["müller.example", { kind: "name", name: "xn--mller-kva.example", port: null }],
    ["build_box-2", { kind: "name", name: "build_box-2", port: null }],
    ["10.1.2.3", { kind: "block", address: "10.1.2.3", bits: 32, port: null }],
    ["10.1.2.3:80", { kind: "block", address: "10.1.2.3", bits: 32, port: 80 }],
    ["10.0.0.0/8", { kind: "block", address: "10.0.0.0", bits: 8, port: null }],
    ["0.0.0.0/0", { kind: "block", address: "0.0.0.0", bits: 0, port: null }],
    ["::1", { kind: "block", address: "::1", bits: 128, port: null }],
    ["[::1]", { kind: "block", address: "::1", bits: 128, port: null }],
    ["[fd00::1]:8443", { kind: "block", address: "fd00::1", bits: 128, port: 8443 }],
    ["fd00::/8", { kind: "block", address: "fd00::", bits: 8, port: null }],
  ])("takes %s", (entry, target) => {
    expect(allowed(`${entry}, a.example`)).toEqual([
      target,
      { kind: "name", name: "a.example", port: null },
    ]);
  });

  it.each([
    ...["http://intranet.example", "intranet.example/hook", "*", "*.example", "a b", "-a.example"],
    ...["127.1", "0x7f000001", "0177.0.0.1", "2130706433", "10.0.0.300", "host:0", "host:65536"],
    ...["10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "[10.0.0.1]", "[::1", "::1]:80"],
    ...["fe80::1%eth0", "host:port", "a..example", "user@host", "10.0.0.0/8:80", ":80"],
  ])("refuses %s, and says that it is this one", (entry) => {
    const message = messageOf({ WEBHOOK_ALLOW: `10.0.0.0/8,${entry}` });
    expect(message).toContain(`WEBHOOK_ALLOW is "10.0.0.0/8,${entry}"; it must be a comma-`);
    expect(message).toContain(`blocks of addresses (10.0.0.0/8); "${entry}" does not fit.`);
  });

  it("refuses a list of nothing", () => {
    expect(messageOf({ WEBHOOK_ALLOW: "," })).toMatch(/^The configuration has an error: WEBHOOK/);
  });
});

describe("WEBHOOK_SECRETS", () => {
  const namesOf = (list: string) =>
    [...(load({ WEBHOOK_SECRETS: list }).webhookSecrets ?? [])].map(([name, keys]) => [
      name,
      keys.map((key) => key.export().toString("latin1")),
    ]);

  it("are none by default, and not known to an instance that runs nothing", () => {
    expect(load({}).webhookSecrets).toEqual(new Map());
    const api = { ROLE: "api", DATABASE_URL: "postgres://localhost/x" };
    expect(load(api).webhookSecrets).toBeNull();
    expect(load({ ...api, WEBHOOK_SECRETS: `a=${secret(32)}` }).webhookSecrets?.size).toBe(1);
  });

  it("have names, and several of one name are kept in their order", () => {
    const list = `a=${secret(24)}, b.c-d_E=${secret(64)}|${secret(32, "b")}, a=${secret(30, "c")}`;
    expect(namesOf(list)).toEqual([
      ["a", ["a".repeat(24), "c".repeat(30)]],
      ["b.c-d_E", ["a".repeat(64), "b".repeat(32)]],
    ]);
  });

  it("may leave out the padding", () => {
    expect(namesOf(`a=${secret(25).replace(/=+$/, "")}`)).toEqual([["a", ["a".repeat(25)]]]);
  });

  it.each([
    ["too short", `a=${secret(23)}`],
    ["too long", `a=${secret(65)}`],
    ["no prefix", `a=${secret(32).slice(6)}`],
    ["no base64", "a=whsec_!!!!"],
    ["base64 that is cut", `a=${secret(32).slice(0, 43)}`],
    ["no name", secret(32)],
    ["an empty name", `=${secret(32)}`],
    ["a name with a space", `a b=${secret(32)}`],
    ["an empty second one", `a=${secret(32)}|`],
    ["a name alone", "a="],
  ])("are refused with one that has %s, by its place and without showing it", (_what, bad) => {
    const message = messageOf({ WEBHOOK_SECRETS: `ok=${secret(40, "k")},${bad}` });
    expect(message).toMatch(/^The configuration has an error: WEBHOOK_SECRETS is not a comma-/);
    expect(message).toContain("; entry 2 does not fit (its value is not shown");
    expect(message).not.toContain("a2tr");
    expect(message).not.toContain("YWFh");
  });

  it("are in nothing that is printed", () => {
    const bytes = randomBytes(32);
    const config = load({ WEBHOOK_SECRETS: `a=whsec_${bytes.toString("base64")}` });
    const printed = [config, printableConfig(config)].map(
      (each) => `${inspect(each, { depth: 9 })} ${JSON.stringify(each)}`,
    );
    expect(printed.join()).not.toContain(bytes.toString("base64"));
    expect(printed.join()).not.toContain(bytes.toString("hex"));
  });
});
