/** Images for tests, made when they are asked for. */
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";

/** Red on the left, blue on the right. */
export function twoColours(width: number, height: number): Sharp {
  const half = { width: Math.ceil(width / 2), height, channels: 3, background: "#0000ff" } as const;
  return sharp({ create: { width, height, channels: 3, background: "#ff0000" } }).composite([
    { input: { create: half }, left: Math.floor(width / 2), top: 0 },
  ]);
}

export async function colourAt(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const one = { left, top, width: 1, height: 1 };
  const pixel = await sharp(bytes)
    .removeAlpha()
    .toColourspace("srgb")
    .extract(one)
    .raw()
    .toBuffer();
  return [...pixel];
}

/** A PNG of a few bytes that claims to be this large. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", Buffer.alloc(8))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(8 + named.length);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc(named), 4 + named.length);
  return framed;
}

function crc(bytes: Buffer): number {
  return typeof crc32 === "function" ? crc32(bytes) : 0;
}
