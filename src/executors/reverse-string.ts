/** Job type `reverse_string`: by what a reader sees as one character, not by code unit. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import { defineExecutor } from "./define-executor.ts";

export const reverseString = defineExecutor({
  type: "reverse_string",
  description: "Reverses a text by grapheme: accents, flags and family emoji stay whole.",
  payload: z
    .strictObject({
      text: z.string().meta({
        title: "Text",
        description: "Any text; with what JSON adds to it, at most 1 MiB.",
      }),
    })
    .meta({ title: "Text to reverse", examples: [{ text: "stressed" }] }),
  result: z.strictObject({
    text: z.string().meta({ title: "Reversed text", description: "The last character first." }),
  }),
  parallelizable: false,
  async run({ text }, { signal }) {
    const pieces: string[] = [];
    for (const graphemes of windowsOf(text)) {
      pieces.push(graphemes.reverse().join(""));
      signal.throwIfAborted();
      // A megabyte takes half a second: others get a turn after each window of about 1 ms.
      if (pieces.length > 1) await nextTurn();
    }
    return { text: pieces.reverse().join("") };
  },
});

const WINDOW = 1_024;
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The graphemes of `text` in order, some at a time. Segmenting the whole text at once is quadratic
 * in V8 (40,000 letters take 250 ms, a million did not end within a minute). A window's last
 * grapheme may go on behind its end, so the next window begins with it; boundaries before that are
 * certain, because they depend on nothing that is further right.
 */
function* windowsOf(text: string): Generator<string[]> {
  let start = 0;
  let size = WINDOW;
  while (start < text.length) {
    const end = endOfWindow(text, start + size);
    const graphemes = Array.from(segmenter.segment(text.slice(start, end)), (s) => s.segment);
    if (end < text.length) graphemes.pop();
    if (graphemes.length === 0) {
      // One grapheme longer than the window: accents without end.
      size *= 2;
      continue;
    }
    size = WINDOW;
    start += graphemes.reduce((length, grapheme) => length + grapheme.length, 0);
    yield graphemes;
  }
}

/** Never between the halves of a surrogate pair: half an emoji modifier would not be seen as one. */
function endOfWindow(text: string, wanted: number): number {
  const last = text.charCodeAt(wanted - 1);
  return last >= 0xd800 && last <= 0xdbff ? wanted + 1 : wanted;
}
