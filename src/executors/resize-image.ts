/** Job type `resize_image`: the work of a thread, whose outcome is a file. */
import type { Dispatcher } from "undici";
import { z } from "zod";
import type { AllowedTarget } from "../domain/allowed-target.ts";
import { defineExecutor, type Executor } from "./define-executor.ts";
import { IMAGE_FORMATS } from "./images/bounds.ts";
import { fetchImage } from "./images/fetch-image.ts";
import { resizeImage } from "./images/resize.ts";
import { guardedDispatcher } from "./outgoing/guarded-dispatcher.ts";
import { resizePayload } from "./resize-payload.ts";
import { inNativeTurn } from "./threads/native-turns.ts";

/** Data only: it goes along to the threads. */
export interface ResizeSettings {
  /** Default `Vinyasa`. */
  readonly userAgent?: string;
  /** From where images may be fetched besides public addresses. */
  readonly allow?: readonly AllowedTarget[];
}

const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;

const result = z.strictObject({
  artifact: z
    .strictObject({
      url: z.string().meta({
        title: "Address",
        description: "A path of this server, for as long as the job is kept.",
        examples: ["/artifacts/0193a5b0-1234-7000-8000-00000000abcd/1"],
      }),
      bytes: z.int().meta({ title: "Size in bytes" }),
      width: z.int().meta({ title: "Width" }),
      height: z.int().meta({ title: "Height" }),
      format: z.enum(IMAGE_FORMATS).meta({ title: "Format" }),
    })
    .meta({ title: "File" }),
});

export function resizeImageExecutor(settings: ResizeSettings = {}): Executor {
  const { userAgent = "Vinyasa", allow = [] } = settings;
  let dispatcher: Dispatcher | null = null;
  return defineExecutor({
    type: "resize_image",
    description:
      "Makes an image smaller, larger or of another format, and stores it as a file. It may have 16 MiB and 67 million pixels, and become 10 MiB; of an animation the first picture is taken, and SVG is refused.",
    payload: resizePayload,
    result,
    cpuBound: true,
    module: { url: import.meta.url, factory: "resizeImageExecutor", settings },
    parallelizable: false,
    payloadBytesMax: PAYLOAD_BYTES_MAX,
    async run(payload, context) {
      const { image } = payload;
      dispatcher ??= guardedDispatcher(allow);
      const { signal } = context;
      const bytes =
        "base64" in image
          ? Buffer.from(image.base64, "base64")
          : await fetchImage(new URL(image.url), { dispatcher, userAgent, signal });
      const resized = await inNativeTurn(context, () => resizeImage(bytes, payload));
      signal.throwIfAborted();
      const { width, height, format } = resized;
      const stored = context.artifact(resized.bytes, { contentType: `image/${format}` });
      return { artifact: { ...stored, width, height, format } };
    },
  });
}
