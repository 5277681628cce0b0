/** Which images are taken and made, and how large they may be. */

/** That are made. */
export const IMAGE_FORMATS = ["jpeg", "png", "webp", "avif"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];
/** That are taken. */
export type SourceFormat = ImageFormat | "gif";

/** Of an image file, however it comes. */
export const IMAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Width or height that may be asked for. */
export const SIDE_MAX = 8_192;
/** That follows from the other side. WebP has no more. */
export const DERIVED_SIDE_MAX = 16_383;
/** Of an image taken or made: 8,192 by 8,192, which are 256 MB in memory. */
export const PIXELS_MAX = SIDE_MAX * SIDE_MAX;
/** A 4K picture. Its encoder cannot be interrupted, and takes a second for two million pixels. */
export const AVIF_PIXELS_MAX = 4_096 * 2_160;
