/** One image to another, with sharp. */
import type { Metadata, Sharp } from "sharp";
import { NonRetryableError } from "../errors.ts";
import type { ResizePayload } from "../resize-payload.ts";
import { IMAGE_FORMATS, type ImageFormat, PIXELS_MAX, type SourceFormat } from "./bounds.ts";
import { checkOutputSize } from "./output-size.ts";
import { sourceFormat } from "./source-format.ts";

export interface ResizedImage {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
}

/** Where nobody listens to a cancel: libvips itself gives up then, in whole seconds. */
const NATIVE_S_MAX = 20;
/** From 0 to 9: at 4, the usual, AVIF takes twice the time for a few percent less. */
const AVIF_EFFORT = 2;

/**
 * Upright as the camera meant it, in sRGB, without the metadata that tell where it was taken; of an
 * animation, the first picture.
 *
 * @throws NonRetryableError for an image that cannot be read, or is or would become too large
 */
export async function resizeImage(bytes: Uint8Array, wish: ResizePayload): Promise<ResizedImage> {
  const source = sourceFormat(bytes);
  const format = wish.format ?? (isMade(source) ? source : "png");
  const { default: sharp } = await import("sharp");
  // A job has the one thread that it was granted. Both are of the whole process.
  sharp.concurrency(1);
  sharp.cache(false);
  const image = sharp(bytes, { limitInputPixels: PIXELS_MAX, failOn: "error" });
  return explained(async () => {
    const metadata = await image.metadata();
    checkSource(metadata, source);
    checkOutputSize(uprightSize(metadata), wish, format);
    const made = await encoded(resized(image, wish, format), format, wish.quality)
      .timeout({ seconds: NATIVE_S_MAX })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = made.info;
    return { bytes: made.data, width, height, format };
  });
}

function isMade(format: SourceFormat): format is ImageFormat {
  return IMAGE_FORMATS.some((made) => made === format);
}

/** The decoder must be the one that the first bytes promised. */
function checkSource({ format }: Metadata, source: SourceFormat): void {
  // sharp has AVIF under the name of its container.
  const seen: string = format === "heif" ? "avif" : format;
  if (seen !== source) throw unreadable(`it begins as ${source}, and is ${seen}`);
}

/** Cameras write how they were held: from 5 on, on its side. */
function uprightSize({ width, height, orientation = 1 }: Metadata) {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

function resized(image: Sharp, { width, height, fit }: ResizePayload, format: ImageFormat): Sharp {
  const background = { r: 255, g: 255, b: 255, alpha: 0 };
  const sides = { ...(width !== undefined && { width }), ...(height !== undefined && { height }) };
  const made = image.autoOrient().resize({ ...sides, fit, background });
  // JPEG has no transparency; what shows through is white, not black.
  return format === "jpeg" ? made.flatten({ background: "#ffffff" }) : made;
}

function encoded(image: Sharp, format: ImageFormat, quality: number | undefined): Sharp {
  const wanted = quality === undefined ? {} : { quality };
  switch (format) {
    case "jpeg":
      return image.jpeg(wanted);
    case "png":
      return image.png();
    case "webp":
      return image.webp(wanted);
    case "avif":
      return image.avif({ ...wanted, effort: AVIF_EFFORT });
  }
}

/** What libvips says is about this image, and would be said of it again. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NonRetryableError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    if (said.includes("exceeds pixel limit")) {
      const message = `the image has more than ${PIXELS_MAX} pixels`;
      throw new NonRetryableError(message, { code: "IMAGE_TOO_MANY_PIXELS" });
    }
    // The machine may have had too much to do.
    if (said.startsWith("timeout")) {
      const message = `the image was not done within ${NATIVE_S_MAX} s`;
      throw Object.assign(new Error(message), { code: "IMAGE_TOO_SLOW" });
    }
    throw unreadable(said);
  }
}

function unreadable(why: string): NonRetryableError {
  const [line = ""] = why.split("\n");
  return new NonRetryableError(`the image cannot be read: ${line}`, { code: "IMAGE_UNREADABLE" });
}
