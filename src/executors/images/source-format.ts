/** What kind of image a file is, by its first bytes: others never get to a decoder. */
import { NonRetryableError } from "../errors.ts";
import type { SourceFormat } from "./bounds.ts";

/** In Latin-1, where each byte is a character. */
const STARTS: readonly (readonly [SourceFormat, (start: string) => boolean])[] = [
  ["jpeg", (start) => start.startsWith("\xff\xd8\xff")],
  ["png", (start) => start.startsWith("\x89PNG\r\n\x1a\n")],
  ["gif", (start) => start.startsWith("GIF87a") || start.startsWith("GIF89a")],
  ["webp", (start) => start.startsWith("RIFF") && start.startsWith("WEBP", 8)],
  ["avif", (start) => /^ftyp(avif|avis|mif1|msf1)/.test(start.slice(4))],
];

/**
 * SVG is not among them: it is a program for a renderer, which can be made to work for hours or to read
 * other files.
 *
 * @throws NonRetryableError with code IMAGE_FORMAT
 */
export function sourceFormat(bytes: Uint8Array): SourceFormat {
  const start = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  const [found] = STARTS.find(([, begins]) => begins(start)) ?? [];
  if (found !== undefined) return found;
  const isMarkup = /^(\xef\xbb\xbf)?\s*</.test(start);
  const seen =
    bytes.length === 0 ? "it is empty" : isMarkup ? "it looks like SVG, XML or HTML" : "";
  throw new NonRetryableError(
    `the image is no JPEG, PNG, WebP, AVIF or GIF file${seen && `: ${seen}`}`,
    { code: "IMAGE_FORMAT" },
  );
}
