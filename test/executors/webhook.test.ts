import { once } from "node:events";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { textIssue } from "../../src/domain/storable.ts";
import { httpSink } from "./http-sink.ts";
import { failureOf, resultOf, signal } from "./running.ts";
import { ok, sink, webhook } from "./webhooks.ts";

function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(code, headers).end("the reason");
}

describe("a webhook's answer", () => {
  it("of 200 to 299 is the result", async () => {
    const server = await sink((_request, response) => {
      response.writeHead(201, { "x-id": "7", "set-cookie": ["a=1", "b=2"] }).end("créé");
    });
    expect(await resultOf(webhook(), { url: server.url })).toEqual({
      status: 201,
      headers: expect.objectContaining({ "x-id": "7", "set-cookie": ["a=1", "b=2"] }),
      body: "créé",
      truncated: false,
    });
  });

  it("may be empty", async () => {
    const server = await sink(status(204));
    expect(await resultOf(webhook(), { url: server.url })).toMatchObject({ status: 204, body: "" });
    const head = { url: server.url, method: "HEAD" };
    expect(await resultOf(webhook(), head)).toMatchObject({ body: "", truncated: false });
  });

  it("is kept up to 64 KiB, and no more of it is received", async () => {
    const chunk = Buffer.alloc(64 * 1024, "x");
    let sent = 0;
    const closed = signal();
    const server = await sink((_request, response) => {
      response.on("close", () => closed.give());
      const write = () => {
        while (!response.destroyed && sent < 4_000) {
          sent += 1;
          if (!response.write(chunk)) return void response.once("drain", write);
        }
      };
      write();
    });
    const result = await resultOf(webhook(), { url: server.url });
    expect(result).toMatchObject({ status: 200, body: "x".repeat(65_536), truncated: true });
    await closed.given;
    expect(sent).toBeLessThan(1_000);
  });

  it("of exactly 64 KiB is whole, and a byte more is not", async () => {
    let size = 65_536;
    const server = await sink((_request, response) => response.end("x".repeat(size)));
    expect(await resultOf(webhook(), { url: server.url })).toMatchObject({ truncated: false });
    size += 1;
    const cut = (await resultOf(webhook(), { url: server.url })) as { body: string };
    expect(cut).toMatchObject({ truncated: true });
    expect(cut.body).toHaveLength(65_536);
  });

  it("is not cut in the middle of a character", async () => {
    const server = await sink(ok("€".repeat(30_000)));
    const { body } = (await resultOf(webhook(), { url: server.url })) as { body: string };
    expect(body).toBe("€".repeat(21_845));
  });

  it("of bytes that are no text can be stored all the same", async () => {
    const bytes = Buffer.from([0, 1, 2, 0xff, 0xfe, 0xd8, 0, 0x41]);
    const server = await sink((_request, response) => response.end(bytes));
    const { body } = (await resultOf(webhook(), { url: server.url })) as { body: string };
    expect(textIssue(body)).toBeNull();
    expect(body.endsWith("\uFFFDA")).toBe(true);
  });

  it("of the worst 64 KiB there are still fits into a result", async () => {
    for (const byte of [0x01, 0xff, 0x22]) {
      const server = await sink((_request, response) => response.end(Buffer.alloc(65_536, byte)));
      expect(await resultOf(webhook(), { url: server.url })).toMatchObject({ truncated: false });
    }
  });

  it.each([400, 401, 404, 408, 422, 425, 429, 500, 503, 599])(
    "of %i fails the attempt with its status, and is worth a retry",
    async (code) => {
      const server = await sink(status(code));
      const error = await failureOf(webhook(), { url: server.url });
      expect(error).toMatchObject({
        message: `127.0.0.1:${server.port} answered with status ${code}`,
        code: `HTTP_${code}`,
        retryable: true,
      });
      expect(error).not.toHaveProperty("retryAfterMs");
    },
  );

  it("of 410 is final: whoever was there does not want it any more", async () => {
    const server = await sink(status(410, { "retry-after": "5" }));
    const error = await failureOf(webhook(), { url: server.url });
    expect(error).toMatchObject({ code: "HTTP_410", retryable: false });
  });

  it.each([301, 302, 303, 307, 308])(
    "of %i fails, and the redirect is not followed",
    async (code) => {
      const elsewhere = await sink(ok());
      const server = await sink(status(code, { location: elsewhere.url }));
      const error = await failureOf(webhook(), { url: server.url });
      expect(error).toMatchObject({ code: `HTTP_${code}`, retryable: true });
      expect(error.message).toMatch(/status 30\d, and redirects are not followed$/);
      expect(elsewhere.received).toEqual([]);
    },
  );

  it("of 500 twice and then 200 completes at the third attempt", async () => {
    const server = await sink((_request, response) => {
      response.writeHead(server.received.length < 3 ? 500 : 200).end();
    });
    const executor = webhook();
    const payload = { url: server.url, body: { n: 1 } };
    for (const attempt of [1, 2]) {
      expect((await failureOf(executor, payload, { attempt })).code).toBe("HTTP_500");
    }
    expect(await resultOf(executor, payload, { attempt: 3 })).toMatchObject({ status: 200 });
    expect(server.received.map(({ body }) => body)).toEqual(new Array(3).fill('{"n":1}'));
  });

  it.each([
    [429, "7", 7_000],
    [503, "315360000", 3_600_000],
    [500, "Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ])("of %i with Retry-After %s asks for %i ms", async (code, header, retryAfterMs) => {
    const server = await sink(status(code, { "retry-after": header }));
    const error = await failureOf(webhook(), { url: server.url });
    expect(error).toMatchObject({ code: `HTTP_${code}`, retryable: true, retryAfterMs });
  });

  it("of a failure is not read to its end", async () => {
    const closed = signal();
    const server = await sink((_request, response) => {
      response.on("close", () => closed.give());
      response.writeHead(500).write("for ever");
    });
    expect((await failureOf(webhook(), { url: server.url })).code).toBe("HTTP_500");
    await closed.given;
  });
});

describe("a webhook that is stopped", () => {
  it("lets go of a server that never answers", async () => {
    const stop = new AbortController();
    const closed = signal();
    const server = await sink((_request, response) => {
      response.on("close", () => closed.give());
      stop.abort(new Error("the job timed out"));
    });
    const error = await failureOf(webhook(), { url: server.url }, { signal: stop.signal });
    expect(error.message).toBe("the job timed out");
    await closed.given;
  });

  it("lets go of a server that sends a byte now and then", async () => {
    const stop = new AbortController();
    const closed = signal();
    const server = await sink((_request, response) => {
      let drops = 0;
      const drip = setInterval(() => {
        response.write(".");
        drops += 1;
        if (drops === 5) stop.abort(new Error("the job timed out"));
      }, 5);
      response.on("close", () => {
        clearInterval(drip);
        closed.give();
      });
    });
    const error = await failureOf(webhook(), { url: server.url }, { signal: stop.signal });
    expect(error.message).toBe("the job timed out");
    await closed.given;
  });

  it("ends by its deadline, whatever the server does", async () => {
    const server = await sink((_request, response) => {
      const drip = setInterval(() => response.write("."), 10);
      response.on("close", () => clearInterval(drip));
    });
    const error = await failureOf(
      webhook(),
      { url: server.url },
      { signal: AbortSignal.timeout(150) },
    );
    expect(error.message).toMatch(/timeout/);
  });

  it("before it began sends nothing", async () => {
    const server = await sink(ok());
    const signal = AbortSignal.abort(new Error("cancelled"));
    expect((await failureOf(webhook(), { url: server.url }, { signal })).message).toBe("cancelled");
    expect(server.received).toEqual([]);
  });

  it("by closing fails, and is worth a retry", async () => {
    const executor = webhook();
    const server = await sink(() => void executor.close?.());
    expect((await failureOf(executor, { url: server.url })).retryable).toBe(true);
  });
});

describe("a webhook that cannot get through", () => {
  const secrets = "//ann:s3cret@";

  it("names the host and the reason, and no credential", async () => {
    const server = await httpSink(ok());
    await server.close();
    const url = `${server.url.replace("//", secrets)}?token=s3cret`;
    const error = await failureOf(webhook(), { url, headers: { authorization: "Bearer s3cret" } });
    expect(error).toMatchObject({ code: "ECONNREFUSED", retryable: true });
    expect(error.message).toMatch(
      new RegExp(`^the request to 127.0.0.1:${server.port} failed: connect ECONNREFUSED`),
    );
    expect(JSON.stringify(error)).not.toMatch(/s3cret|ann/);
  });

  it("does not tell them in the error of a status either", async () => {
    const server = await sink(status(500));
    const url = `${server.url.replace("//", secrets)}?token=s3cret`;
    const error = await failureOf(webhook(), { url });
    expect(JSON.stringify(error)).not.toMatch(/s3cret|ann/);
  });

  it("because the name does not exist is worth a retry", async () => {
    const error = await failureOf(webhook(), { url: "http://nowhere.invalid/" });
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(/^the request to nowhere.invalid failed: /);
  });

  it("because the connection breaks in the middle of the answer is worth a retry", async () => {
    const server = await sink((_request, response) => {
      response.writeHead(200, { "content-length": "1000" }).write("half", () => {
        response.destroy();
      });
    });
    const error = await failureOf(webhook(), { url: server.url });
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(/^the request to 127\.0\.0\.1:\d+ failed: /);
  });

  it("because it is no HTTP that answers is worth a retry", async () => {
    const noise = createServer((socket) => socket.end("\u0000 hello\r\n\r\n"));
    noise.listen(0, "127.0.0.1");
    await once(noise, "listening");
    onTestFinished(() => {
      noise.close();
    });
    const { port } = noise.address() as AddressInfo;
    const error = await failureOf(webhook(), { url: `http://127.0.0.1:${port}/` });
    expect(error.retryable).toBe(true);
    expect(error.message).toMatch(/^the request to 127\.0\.0\.1:\d+ failed: ./);
  });
});
