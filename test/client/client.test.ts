import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import {
  createClient,
  GraphQLRequestError,
  TransportError,
  type TypedDocument,
} from "../../src/client/index.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers the n-th request with the n-th handler, and further ones with the last. */
async function serve(...handlers: Handler[]): Promise<{ url: string; served: () => number }> {
  let count = 0;
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(count, handlers.length - 1)];
    count += 1;
    request.resume();
    handler?.(request, response);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/graphql`, served: () => count };
}

const json =
  (body: unknown, status = 200): Handler =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const stream =
  (...chunks: string[]): Handler =>
  (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };

const next = (n: number) => `event: next\ndata: ${JSON.stringify({ data: { n } })}\n\n`;
const COMPLETE = "event: complete\ndata:\n\n";

const document: TypedDocument<{ n: number }, { id: string }> = { toString: () => "query { n }" };

async function numbersOf(results: AsyncIterable<{ n: number }>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { n } of results) numbers.push(n);
  return numbers;
}

describe("a request", () => {
  test("sends the document, its variables and the caller's headers, and returns the data", async () => {
    let sent: unknown;
    const { url } = await serve(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      sent = { ...JSON.parse(String(Buffer.concat(chunks))), auth: request.headers.authorization };
      json({ data: { n: 1 } })(request, response);
    });
    const client = createClient({ url, headers: { authorization: "Bearer x" } });
    expect(await client.request(document, { id: "a" })).toEqual({ n: 1 });
    expect(sent).toEqual({ query: "query { n }", variables: { id: "a" }, auth: "Bearer x" });
  });

  test("rejects with the errors of the answer and their code, whatever the status", async () => {
    const errors = [{ message: "one" }, { message: "two", extensions: { code: "BAD_USER_INPUT" } }];
    const { url } = await serve(json({ errors }, 400));
    const error = await createClient({ url })
      .request(document, { id: "a" })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(GraphQLRequestError);
    expect(error).toMatchObject({ message: "one; two", code: "BAD_USER_INPUT", errors });
  });

  test.each<[string, Handler, string]>([
    ["a page of something else", (_, response) => response.writeHead(502).end("<html>"), "502"],
    ["JSON that was cut off", json('{"data": {'), "connection failed"],
    ["neither data nor errors", json({}), "neither data nor errors"],
  ])("rejects with a TransportError for %s", async (_what, handler, message) => {
    const { url } = await serve(handler);
    const error = await createClient({ url })
      .request(document, { id: "a" })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TransportError);
    expect(error.message).toContain(message);
  });

  test("rejects with a TransportError where nobody listens, and as aborted when it was", async () => {
    const { url } = await serve(() => {});
    const aborted = createClient({ url }).request(
      document,
      { id: "a" },
      { signal: AbortSignal.timeout(20) },
    );
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
    const nobody = createClient({ url: "http://127.0.0.1:9/" }).request(document, { id: "a" });
    await expect(nobody).rejects.toBeInstanceOf(TransportError);
  });
});

describe("a subscription", () => {
  test("yields each result until the server completes it", async () => {
    const { url } = await serve(stream(":\n\n", next(1), next(2), COMPLETE, next(3)));
    expect(await numbersOf(createClient({ url }).subscribe(document, { id: "a" }))).toEqual([1, 2]);
  });

  test("reads events however they were cut, and lines however they end", async () => {
    const text = `${next(1)}: ping\r\n\r\nevent:next\r\ndata:{"data":\r\ndata: {"n":2}}\r\n\r\n${COMPLETE}`;
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      const bytes = [...Buffer.from(text)];
      const write = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) response.end();
        else response.write(Buffer.from([byte]), write);
      };
      write();
    });
    expect(await numbersOf(createClient({ url }).subscribe(document, { id: "a" }))).toEqual([1, 2]);
  });

  test("that breaks off is opened again, and goes on", async () => {
    const { url, served } = await serve(
      stream(next(1)),
      stream(next(2)),
      stream(next(3), COMPLETE),
    );
    expect(await numbersOf(createClient({ url }).subscribe(document, { id: "a" }))).toEqual([
      1, 2, 3,
    ]);
    expect(served()).toBe(3);
  });

  test("that breaks off goes on from where its caller says", async () => {
    const asked: unknown[] = [];
    const answer =
      (...chunks: string[]): Handler =>
      (request, response) => {
        let body = "";
        request.on("data", (chunk) => {
          body += chunk;
        });
        request.on("end", () => {
          asked.push(JSON.parse(body).variables);
          stream(...chunks)(request, response);
        });
      };
    const { url } = await serve(answer(next(1), next(2)), answer(next(3), COMPLETE));
    const resume = ({ n }: { n: number }, variables: { id: string }) => {
      return { ...variables, id: `after ${n}` };
    };
    const results = createClient({ url }).subscribe(document, { id: "first" }, { resume });
    expect(await numbersOf(results)).toEqual([1, 2, 3]);
    expect(asked).toEqual([{ id: "first" }, { id: "after 2" }]);
  });

  test("that never began is not tried again", async () => {
    const { url, served } = await serve((_request, response) => response.writeHead(503).end());
    const numbers = numbersOf(createClient({ url }).subscribe(document, { id: "a" }));
    await expect(numbers).rejects.toBeInstanceOf(TransportError);
    expect(served()).toBe(1);
  });

  test("rejects with the errors that the server sent, as an event or as JSON", async () => {
    const errors = [{ message: "there is no job", extensions: { code: "NOT_FOUND" } }];
    const event = `event: next\ndata: ${JSON.stringify({ errors })}\n\n${COMPLETE}`;
    for (const handler of [stream(event), json({ errors })]) {
      const { url, served } = await serve(handler);
      const numbers = numbersOf(createClient({ url }).subscribe(document, { id: "a" }));
      await expect(numbers).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(served()).toBe(1);
    }
  });

  test("closes its connection when the caller leaves the loop", async () => {
    let closed = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(next(1));
      response.on("close", closed);
    });
    for await (const { n } of createClient({ url }).subscribe(document, { id: "a" })) {
      expect(n).toBe(1);
      break;
    }
    await isClosed;
  });

  test("ends with the reason when the caller aborts it", async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(next(1));
    });
    const abort = new AbortController();
    const results = createClient({ url }).subscribe(
      document,
      { id: "a" },
      { signal: abort.signal },
    );
    const numbers: number[] = [];
    const reading = (async () => {
      for await (const { n } of results) {
        numbers.push(n);
        abort.abort(new Error("enough"));
      }
    })();
    await expect(reading).rejects.toThrow("enough");
    expect(numbers).toEqual([1]);
  });
});
