/** What a caller submits for a `resize_image` job. */
import { z } from "zod";
import { IMAGE_FORMATS, SIDE_MAX } from "./images/bounds.ts";
import { ANYWAY } from "./refine-anyway.ts";

const URL_MAX = 8_192;
/** By letter, not as a pattern of groups: those of 16 million letters fill the stack. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const base64 = z
  .string()
  .refine(
    (text) => text.length % 4 === 0 && BASE64.test(text),
    "must be base64 text, with its padding",
  )
  .meta({
    title: "Image file",
    description: "A JPEG, PNG, WebP, AVIF or GIF file as base64 text.",
    contentEncoding: "base64",
  });

const url = z
  .string()
  .max(URL_MAX)
  .superRefine((text, context) => {
    const message = urlIssue(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  })
  .meta({
    title: "Address",
    description: "Where the server finds the image, within 20 seconds. Redirects are not followed.",
    examples: ["https://example.com/photo.jpg"],
  });

const side = z.int().min(1).max(SIDE_MAX);

export const resizePayload = z
  .strictObject({
    image: z
      .union([
        z.strictObject({ base64 }).meta({ title: "From a file" }),
        z.strictObject({ url }).meta({ title: "From an address" }),
      ])
      .meta({ title: "Image" }),
    width: side.optional().meta({
      title: "Width",
      description: "In pixels. Without it, in proportion to the height.",
      examples: [320],
    }),
    height: side.optional().meta({
      title: "Height",
      description: "In pixels. Without it, in proportion to the width.",
      examples: [240],
    }),
    fit: z.enum(["cover", "contain", "fill", "inside", "outside"]).default("cover").meta({
      title: "Fit",
      description:
        "With both sides given. cover: cut off what is too much; contain: borders where something is missing; fill: stretch; inside: no larger than this; outside: no smaller.",
    }),
    format: z.enum(IMAGE_FORMATS).optional().meta({
      title: "Format",
      description: "Without it, that of the image; PNG for a GIF.",
    }),
    quality: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({
        title: "Quality",
        description: "Of JPEG (80 without it), WebP (80) and AVIF (50). PNG loses nothing.",
        examples: [80],
      }),
  })
  .superRefine(({ format, quality }, context) => {
    if (format !== "png" || quality === undefined) return;
    context.addIssue({ code: "custom", path: ["quality"], message: "is not for PNG" });
  }, ANYWAY)
  .meta({
    title: "Image to resize",
    examples: [{ image: { url: "https://example.com/photo.jpg" }, width: 320, format: "webp" }],
  });

export type ResizePayload = z.output<typeof resizePayload>;

function urlIssue(text: string): string | null {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) {
    return "must be a URL that begins with http:// or https://";
  }
  return parsed.username === "" && parsed.password === ""
    ? null
    : "must not have a user or a password in it";
}
