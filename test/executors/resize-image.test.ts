import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import sharp from "sharp";
import { Agent } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { AttemptArtifacts } from "../../src/executors/attempt-artifacts.ts";
import { fetchImage } from "../../src/executors/images/fetch-image.ts";
import { outputSize } from "../../src/executors/images/output-size.ts";
import { resizeImageExecutor } from "../../src/executors/resize-image.ts";
import { httpSink } from "./http-sink.ts";
import { colourAt, pngBomb, twoColours } from "./images/sample-images.ts";
import { failureOf, JOB_ID, resultOf, signal } from "./running.ts";

/** The tests' own servers. */
const ALLOW = [{ kind: "block", address: "127.0.0.0", bits: 8, port: null }] as const;
const executor = resizeImageExecutor({ userAgent: "Vinyasa/test", allow: ALLOW });

/** The result and the file. */
async function resize(bytes: Uint8Array | string, wish: Record<string, unknown>) {
  const image = typeof bytes === "string" ? { url: bytes } : base64(bytes);
  const artifacts = new AttemptArtifacts(JOB_ID);
  const artifact: AttemptArtifacts["add"] = (...given) => artifacts.add(...given);
  const result = await resultOf(executor, { image, ...wish }, { artifact });
  const [file] = artifacts.kept;
  if (file === undefined) throw new Error("no artifact");
  return { ...(result as { artifact: Record<string, unknown> }), file };
}

function base64(bytes: Uint8Array) {
  return { base64: Buffer.from(bytes).toString("base64") };
}

async function serve(answer: RequestListener) {
  const sink = await httpSink(answer);
  onTestFinished(() => sink.close());
  return sink;
}

const fails = (image: object, wish: Record<string, unknown> = {}) =>
  failureOf(executor, { image, ...wish });

describe("resize_image", () => {
  it("makes an image smaller, and says what it has become and where it is", async () => {
    const source = await twoColours(400, 200).jpeg().toBuffer();
    const { artifact, file } = await resize(source, { width: 100 });
    expect(artifact).toEqual({
      url: `/artifacts/${JOB_ID}/1`,
      bytes: file.bytes.length,
      ...{ width: 100, height: 50, format: "jpeg" },
    });
    expect(file.contentType).toBe("image/jpeg");
    expect(await sharp(file.bytes).metadata()).toMatchObject({ width: 100, height: 50 });
  });

  it.each([
    ["cover", 100, 100],
    ["contain", 100, 100],
    ["fill", 100, 100],
    ["inside", 100, 50],
    ["outside", 200, 100],
  ])("fits it by %s", async (fit, width, height) => {
    const source = await twoColours(400, 200).png().toBuffer();
    const { artifact } = await resize(source, { width: 100, height: 100, fit });
    expect(artifact).toMatchObject({ width, height });
    expect(
      outputSize({ width: 400, height: 200 }, { width: 100, height: 100, fit } as never),
    ).toEqual({ width, height });
  });

  it.each(["jpeg", "png", "webp", "avif"])("writes %s, and reads it again", async (format) => {
    const source = await twoColours(40, 20).png().toBuffer();
    const { artifact, file } = await resize(source, { format });
    expect(artifact).toMatchObject({ format, width: 40, height: 20 });
    expect(file.contentType).toBe(`image/${format}`);
    const again = await resize(file.bytes, { width: 20 });
    expect(again.artifact).toMatchObject({ format, width: 20, height: 10 });
    expect(await colourAt(again.file.bytes, 2, 5)).toEqual([
      expect.closeTo(255, -1.3),
      expect.closeTo(0, -1.3),
      expect.closeTo(0, -1.3),
    ]);
  });

  it("makes a smaller file of a lower quality", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
    const create = { width: 200, height: 200, channels: 3, background: "#888", noise } as const;
    const source = await sharp({ create }).png().toBuffer();
    const fine = await resize(source, { format: "webp", quality: 95 });
    const coarse = await resize(source, { format: "webp", quality: 20 });
    expect(coarse.file.bytes.length).toBeLessThan(fine.file.bytes.length / 2);
  });

  it("takes the first picture of an animation, as PNG if it is a GIF", async () => {
    const pictures = [
      await twoColours(20, 10).png().toBuffer(),
      await twoColours(20, 10).negate().png().toBuffer(),
    ];
    const source = await sharp(pictures, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(source).metadata()).pages).toBe(2);
    const { artifact, file } = await resize(source, { width: 10 });
    expect(artifact).toMatchObject({ format: "png", width: 10, height: 5 });
    expect((await sharp(file.bytes).metadata()).pages ?? 1).toBe(1);
  });

  it("turns a photograph upright, and forgets where it was taken", async () => {
    const exif = { IFD0: { Copyright: "somebody" } };
    const source = await twoColours(40, 20)
      .withExif(exif)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { artifact, file } = await resize(source, {});
    expect(artifact).toMatchObject({ width: 20, height: 40 });
    const { orientation, exif: left } = await sharp(file.bytes).metadata();
    expect({ orientation, left }).toEqual({ orientation: undefined, left: undefined });
  });

  it("puts white behind what shows through, where JPEG cannot", async () => {
    const create = { width: 10, height: 10, channels: 4, background: "#00000000" } as const;
    const source = await sharp({ create }).png().toBuffer();
    const { file } = await resize(source, { format: "jpeg" });
    expect(await colourAt(file.bytes, 5, 5)).toEqual([255, 255, 255]);
  });
});

describe("resize_image refuses for good", () => {
  const SVG =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

  it.each([
    ["SVG", SVG, /looks like SVG/],
    ["SVG after a declaration", `\ufeff <?xml version="1.0"?>${SVG}`, /looks like SVG/],
    ["HTML", "<!doctype html><script>alert(1)</script>", /looks like SVG, XML or HTML/],
    ["a PDF", "%PDF-1.7 and so on", /no JPEG, PNG, WebP, AVIF or GIF file$/],
    ["text", "hello", /no JPEG/],
  ])("%s", async (_name, text, message) => {
    expect(await fails(base64(Buffer.from(text)))).toMatchObject({
      ...{ code: "IMAGE_FORMAT", retryable: false, message: expect.stringMatching(message) },
    });
  });

  it.each(["jpeg", "png", "webp", "avif", "gif"] as const)(
    "a %s that ends in the middle",
    async (format) => {
      const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
      const create = { width: 64, height: 64, channels: 3, background: "#888", noise } as const;
      const whole = await sharp({ create }).toFormat(format).toBuffer();
      const half = whole.subarray(0, whole.length / 2);
      expect(await fails(base64(half))).toMatchObject({
        ...{ code: "IMAGE_UNREADABLE", retryable: false },
      });
    },
  );

  it("a beginning that promises another kind of file than there is", async () => {
    const bytes = Buffer.concat([Buffer.from("GIF89a"), Buffer.alloc(200, "<svg>")]);
    expect(await fails(base64(bytes))).toMatchObject({ code: "IMAGE_UNREADABLE" });
  });

  it("a few bytes that would be billions of pixels", async () => {
    const bomb = pngBomb(60_000, 60_000);
    expect(bomb.length).toBeLessThan(100);
    expect(await fails(base64(bomb))).toMatchObject({
      ...{ code: "IMAGE_TOO_MANY_PIXELS", retryable: false },
    });
  });

  it("an image that would become too large, before it is made", async () => {
    const strip = await twoColours(2, 4_000).png().toBuffer();
    expect(await fails(base64(strip), { width: 8_192 })).toMatchObject({
      ...{ code: "IMAGE_TOO_LARGE", retryable: false },
      message: expect.stringMatching(/would become 8192 by 16384000 pixels/),
    });
    const square = await twoColours(10, 10).png().toBuffer();
    expect(await fails(base64(square), { width: 8_000, format: "avif" })).toMatchObject({
      code: "IMAGE_TOO_LARGE",
    });
  });

  it("a file that would have more than 10 MiB", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const create = { width: 900, height: 900, channels: 3, background: "#888", noise } as const;
    const source = await sharp({ create }).jpeg().toBuffer();
    expect(
      await fails(base64(source), { width: 2_600, height: 2_600, format: "png" }),
    ).toMatchObject({
      ...{ code: "ARTIFACT_TOO_LARGE", retryable: false },
    });
  });

  it.each([
    [{ image: { base64: "no base64!" } }, /image\.base64: must be base64 text/],
    [{ image: { base64: "" } }, /image\.base64: must be base64 text/],
    [{ image: { url: "file:///etc/passwd" } }, /image\.url: must be a URL that begins with http/],
    [{ image: { url: "http://me:secret@example.com/" } }, /image\.url: must not have a user/],
    [{ image: { url: "http://a.example/", base64: "AAAA" } }, /unknown field/],
    [{ image: { base64: "AAAA" }, width: 0 }, /width: must be/],
    [{ image: { base64: "AAAA" }, width: 100_000 }, /width: must be/],
    [{ image: { base64: "AAAA" }, format: "svg" }, /format: must be one of/],
    [{ image: { base64: "AAAA" }, format: "png", quality: 5 }, /quality: is not for PNG/],
  ])("a payload like %j", async (payload, message) => {
    expect(await failureOf(executor, payload)).toMatchObject({
      ...{ code: "INVALID_PAYLOAD", retryable: false, message: expect.stringMatching(message) },
    });
  });
});

describe("resize_image from an address", () => {
  it("asks for images, by its own name", async () => {
    const source = await twoColours(40, 20).png().toBuffer();
    const sink = await serve((_request, response) => response.end(source));
    const { artifact } = await resize(sink.url, { width: 10 });
    expect(artifact).toMatchObject({ width: 10, height: 5, format: "png" });
    expect(sink.received[0]).toMatchObject({
      method: "GET",
      headers: { "user-agent": "Vinyasa/test", accept: expect.stringContaining("image/webp") },
    });
  });

  it.each([
    [301, false, undefined],
    [403, false, undefined],
    [404, false, undefined],
    [204, false, undefined],
    [408, true, undefined],
    [429, true, 7_000],
    [500, true, undefined],
    [503, true, 7_000],
  ])("that answers with %i is asked again: %s", async (status, retryable, retryAfterMs) => {
    const sink = await serve((_request, response) => {
      const headers = { location: "/elsewhere", ...(retryAfterMs && { "retry-after": "7" }) };
      response.writeHead(status, headers).end();
    });
    const error = await fails({ url: sink.url });
    expect(error).toMatchObject({ code: `HTTP_${status}`, retryable });
    expect(error.retryAfterMs).toBe(retryAfterMs);
    expect(sink.received).toHaveLength(1);
  });

  it("takes no more than 16 MiB, announced or not", async () => {
    const announced = await serve((_request, response) => {
      response.writeHead(200, { "content-length": 17 * 1024 * 1024 }).write("x");
    });
    const endless = await serve((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    for (const { url } of [announced, endless]) {
      expect(await fails({ url })).toMatchObject({ code: "IMAGE_TOO_LARGE", retryable: false });
    }
  });

  it("tries again where the connection broke in the middle", async () => {
    const sink = await serve((_request, response) => {
      response.writeHead(200, { "content-length": 1_000 }).write("x".repeat(10));
      response.socket?.destroy();
    });
    const error = await fails({ url: sink.url });
    expect(error).toMatchObject({ retryable: true });
    expect(error.message).toMatch(/could not be fetched from 127\.0\.0\.1:/);
  });

  it("refuses for good what is not an image", async () => {
    const sink = await serve((_request, response) => response.end("<html>not found</html>"));
    expect(await fails({ url: sink.url })).toMatchObject({
      code: "IMAGE_FORMAT",
      retryable: false,
    });
  });

  it("gives up a server that sends a byte now and then, and tries again", async () => {
    const sink = await drip();
    const dispatcher = new Agent({ bodyTimeout: 0 });
    onTestFinished(() => dispatcher.destroy());
    const options = { dispatcher, userAgent: "test", signal: new AbortController().signal };
    const fetched = fetchImage(new URL(sink), { ...options, timeoutMs: 300 });
    await expect(fetched).rejects.toMatchObject({ code: "DOWNLOAD_TIMED_OUT" });
    await expect(fetched).rejects.toThrow(/did not come from 127\.0\.0\.1:\d+ within 300 ms/);
  });

  it("stops when the job is cancelled", async () => {
    const asked = signal();
    const sink = await serve(() => asked.give());
    const abort = new AbortController();
    const failed = failureOf(executor, { image: { url: sink.url } }, { signal: abort.signal });
    await asked.given;
    abort.abort(new Error("cancelled"));
    expect(await failed).toMatchObject({ message: "cancelled" });
  });
});

/** The address of a server that never ends. */
async function drip(): Promise<string> {
  const server = createServer((_request, response) => {
    const timer = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(timer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/drip`;
}
