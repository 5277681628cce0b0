/** How large an image will become, reckoned before anything is made. */
import { NonRetryableError } from "../errors.ts";
import type { ResizePayload } from "../resize-payload.ts";
import { AVIF_PIXELS_MAX, DERIVED_SIDE_MAX, type ImageFormat, PIXELS_MAX } from "./bounds.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A strip of 1 by 10,000 pixels with a width of 8,192 asks for 670 billion.
 *
 * @throws NonRetryableError with code IMAGE_TOO_LARGE
 */
export function checkOutputSize(
  source: Size,
  wish: Pick<ResizePayload, "width" | "height" | "fit">,
  format: ImageFormat,
): void {
  const { width, height } = outputSize(source, wish);
  const pixelsMax = format === "avif" ? AVIF_PIXELS_MAX : PIXELS_MAX;
  if (Math.max(width, height) <= DERIVED_SIDE_MAX && width * height <= pixelsMax) return;
  throw new NonRetryableError(
    `the image would become ${width} by ${height} pixels; at most ${DERIVED_SIDE_MAX} a side and ${pixelsMax} in all are made as ${format}`,
    { code: "IMAGE_TOO_LARGE" },
  );
}

export function outputSize(
  source: Size,
  { width, height, fit }: Pick<ResizePayload, "width" | "height" | "fit">,
): Size {
  if (width === undefined && height === undefined) return source;
  const across = (width ?? 0) / source.width;
  const down = (height ?? 0) / source.height;
  if (width === undefined) return scaled(source, down);
  if (height === undefined) return scaled(source, across);
  if (fit === "inside") return scaled(source, Math.min(across, down));
  if (fit === "outside") return scaled(source, Math.max(across, down));
  return { width, height };
}

function scaled({ width, height }: Size, factor: number): Size {
  const side = (length: number) => Math.max(1, Math.round(length * factor));
  return { width: side(width), height: side(height) };
}
