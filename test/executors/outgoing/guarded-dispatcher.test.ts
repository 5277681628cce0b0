import dns from "node:dns";
import net from "node:net";
import { request } from "undici";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { AllowedTarget } from "../../../src/domain/allowed-target.ts";
import type { ResolveName } from "../../../src/executors/outgoing/guarded-connector.ts";
import { guardedDispatcher } from "../../../src/executors/outgoing/guarded-dispatcher.ts";
import { ok, sink } from "../webhooks.ts";
import { canary } from "./canary.ts";
import { forbiddenUrls } from "./forbidden-urls.ts";

const PUBLIC = "93.184.216.34";

function guarded(allow: readonly AllowedTarget[], resolveName?: ResolveName) {
  const dispatcher = guardedDispatcher(allow, resolveName && { resolveName });
  onTestFinished(() => dispatcher.destroy());
  return (url: string) => request(url, { dispatcher, signal: AbortSignal.timeout(10_000) });
}

/** The error of a request that must fail, by its code and its words. */
async function refusal(answer: Promise<unknown>): Promise<{ code: string; message: string }> {
  return answer.then(
    () => ({ code: "ANSWERED", message: "" }),
    (error) => ({ code: error.code, message: error.message }),
  );
}

/** A name server of a test: each look-up takes the next of the lists, and the last one stays. */
function nameServer(...answers: readonly string[][]): ResolveName & { asked(): number } {
  let asked = 0;
  const resolve: ResolveName = (_host, _options, callback) => {
    const list = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      list.map((address) => ({ address, family: net.isIP(address) })),
    );
  };
  return Object.assign(resolve, { asked: () => asked });
}

const here = (address: string, bits = 32): AllowedTarget => ({
  ...{ kind: "block", address, bits, port: null },
});

describe("a request of a caller's choosing", () => {
  it("reaches nothing that is not on the public internet, however it is written", async () => {
    const trap = await canary();
    const urls = forbiddenUrls(trap.port);
    expect(new Set(urls).size).toBeGreaterThan(60);
    const send = guarded([]);
    const outcomes = await Promise.all(
      urls.map(async (url) => ({ url, code: (await refusal(send(url))).code })),
    );
    const others = outcomes.filter(({ code }) => code !== "FORBIDDEN_ADDRESS");
    // Some systems know no name with a dot at its end.
    expect(others.filter(({ url }) => !url.includes("localhost."))).toEqual([]);
    expect(trap.connections()).toBe(0);
  });

  it("does not reach what a name of theirs leads to", async () => {
    const trap = await canary();
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::7f00:1"]) {
      const send = guarded([], nameServer([address]));
      const url = `http://harmless.example:${trap.port}/`;
      expect((await refusal(send(url))).code).toBe("FORBIDDEN_ADDRESS");
    }
    expect(trap.connections()).toBe(0);
  });

  it("does not go to a name with one forbidden address among good ones", async () => {
    const trap = await canary();
    const connect = vi.spyOn(net, "connect");
    onTestFinished(() => connect.mockRestore());
    for (const list of [
      [PUBLIC, "127.0.0.1"],
      ["127.0.0.1", PUBLIC],
      ["2606:4700::1111", "::1"],
    ]) {
      const url = `http://mixed.example:${trap.port}/`;
      expect((await refusal(guarded([], nameServer(list))(url))).code).toBe("FORBIDDEN_ADDRESS");
    }
    expect(trap.connections()).toBe(0);
  });

  it("is safe from a name that leads elsewhere at the next look", async () => {
    const good = await sink((_request, response) => {
      response.writeHead(200, { connection: "close" }).end("ok");
    });
    // The same port on another address: only the look-up decides.
    const trap = await canary("127.0.0.2", good.port);
    const names = nameServer(["127.0.0.1"], ["127.0.0.2"]);
    const send = guarded([here("127.0.0.1")], names);
    const url = `http://rebinding.example:${good.port}/`;
    const first = await send(url);
    expect(await first.body.text()).toBe("ok");
    expect((await refusal(send(url))).code).toBe("FORBIDDEN_ADDRESS");
    expect(names.asked()).toBe(2);
    expect(trap.connections()).toBe(0);
  });

  it("asks once for each connection, so that there is no second answer to go to", async () => {
    const good = await sink(ok());
    const names = nameServer(["127.0.0.1"], ["127.0.0.2"]);
    const answer = await guarded([here("127.0.0.1")], names)(`http://a.example:${good.port}/`);
    expect(answer.statusCode).toBe(200);
    expect(names.asked()).toBe(1);
  });

  it("sends nothing where the connection has come out somewhere else", async () => {
    const good = await sink(ok());
    const connect = net.connect;
    const elsewhere = vi
      .spyOn(net, "connect")
      .mockImplementation(((options: object) =>
        connect({ ...options, host: "127.0.0.1", port: good.port })) as typeof net.connect);
    onTestFinished(() => elsewhere.mockRestore());
    const { code } = await refusal(guarded([])(`http://${PUBLIC}/`));
    expect(elsewhere).toHaveBeenCalled();
    expect(code).toBe("FORBIDDEN_ADDRESS");
    expect(good.received).toEqual([]);
  });

  it("does not follow a redirect", async () => {
    const trap = await canary();
    const good = await sink((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.2:${trap.port}/` }).end();
    });
    const answer = await guarded([here("127.0.0.1")])(good.url);
    expect(answer.statusCode).toBe(307);
    expect(trap.connections()).toBe(0);
  });

  it("goes to public addresses: nobody else is asked for", async () => {
    const connect = vi.spyOn(net, "connect").mockImplementation(() => {
      throw new Error("would connect");
    });
    onTestFinished(() => connect.mockRestore());
    for (const host of [PUBLIC, "[2606:4700::1111]", "8.8.8.8", "[2a00:1450:4001::1]"]) {
      expect((await refusal(guarded([])(`http://${host}/`))).message).toBe("would connect");
    }
  });
});

describe("what is said of a request that is refused", () => {
  it("is how the operator allows it, in one line", async () => {
    const { message } = await refusal(guarded([])("http://0x7f.1:3000/secret?token=1"));
    expect(message).toBe(
      "127.0.0.1:3000 is not on the public internet, and is not called. If it is meant, set " +
        "WEBHOOK_ALLOW=127.0.0.1:3000 (or add it, after a comma) where the server is configured, and restart it",
    );
    const ipv6 = await refusal(guarded([])("https://[::1]/"));
    expect(ipv6.message).toContain("set WEBHOOK_ALLOW=[::1]:443 ");
  });

  it("does not tell which address a name has in here", async () => {
    const send = guarded([], nameServer(["10.20.30.40"]));
    const { message } = await refusal(send("http://wages.intranet.example/"));
    expect(message).toMatch(/^wages\.intranet\.example:80 is not on the public internet/);
    expect(message).not.toContain("10.20");
  });

  it("does not tell it either where nobody answers at an address that is allowed", async () => {
    const allow: AllowedTarget[] = [{ kind: "name", name: "wages.example", port: null }];
    const { port } = await sink(ok());
    for (const list of [["127.0.0.9"], ["127.0.0.9", "127.0.0.8"]]) {
      const answer = refusal(guarded(allow, nameServer(list))(`http://wages.example:${port}/`));
      expect(await answer).toEqual({ code: "ECONNREFUSED", message: "connect ECONNREFUSED" });
    }
  });

  it("names a name that does not exist", async () => {
    const { code } = await refusal(guarded([])("http://nobody.invalid/"));
    expect(["ENOTFOUND", "EAI_AGAIN"]).toContain(code);
  });
});

describe("what the operator allows", () => {
  it.each<[string, AllowedTarget, string]>([
    ["a name", { kind: "name", name: "intranet.example", port: null }, "intranet.example"],
    [
      "a name, written with a dot at its end",
      { kind: "name", name: "a.example", port: null },
      "a.example.",
    ],
    ["an address, by itself", here("127.0.0.1"), "127.0.0.1"],
    ["an address, by a name", here("127.0.0.1"), "intranet.example"],
    ["an address, in another spelling", here("127.0.0.1"), "0x7f.1"],
    ["an address, mapped into IPv6", here("127.0.0.1"), "[::ffff:127.0.0.1]"],
    ["a block, by itself", here("127.0.0.0", 8), "127.0.0.1"],
    ["a block, by a name", here("127.0.0.0", 8), "intranet.example"],
  ])("may be %s", async (_name, target, host) => {
    const { port } = await sink(ok());
    const send = guarded([target], nameServer(["127.0.0.1"]));
    expect((await send(`http://${host}:${port}/`)).statusCode).toBe(200);
  });

  it("is no more than that", async () => {
    const trap = await canary();
    const { port } = trap;
    const allow: AllowedTarget[] = [
      { kind: "name", name: "intranet.example", port: port + 1 },
      { kind: "name", name: "example", port: null },
      { kind: "block", address: "127.0.0.1", bits: 32, port: port + 1 },
      here("10.0.0.0", 8),
      here("::2", 128),
    ];
    const send = guarded(allow, nameServer(["127.0.0.1"]));
    for (const host of ["intranet.example", "sub.intranet.example", "127.0.0.1", "[::1]"]) {
      expect((await refusal(send(`http://${host}:${port}/`))).code).toBe("FORBIDDEN_ADDRESS");
    }
    expect(trap.connections()).toBe(0);
  });

  it("may be one port of a host", async () => {
    const { port } = await sink(ok());
    const targets: AllowedTarget[] = [
      { kind: "name", name: "intranet.example", port },
      { kind: "block", address: "127.0.0.1", bits: 32, port },
    ];
    for (const target of targets) {
      const host = target.kind === "name" ? target.name : target.address;
      const send = guarded([target], nameServer(["127.0.0.1"]));
      expect((await send(`http://${host}:${port}/`)).statusCode).toBe(200);
    }
  });

  it("is asked of the machine's own look-up, hosts file and all", async () => {
    const lookup = vi.spyOn(dns, "lookup");
    onTestFinished(() => lookup.mockRestore());
    const { port } = await sink(ok());
    const send = guarded([{ kind: "name", name: "localhost", port: null }]);
    expect((await send(`http://localhost:${port}/`)).statusCode).toBe(200);
    expect(lookup.mock.calls.map(([host]) => host)).toContain("localhost");
  });
});
