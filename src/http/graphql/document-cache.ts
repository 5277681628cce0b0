/** Parsed documents by their text, bounded in number and in size. */
import type { DocumentNode } from "graphql";

const ENTRIES_MAX = 1_000;
/** A parsed document takes up to 200 bytes a character: this bounds the cache to about 100 MB. */
const CHARS_MAX = 512 * 1_024;
/** Longer ones hold their values in the text and will not come again. */
const DOCUMENT_CHARS_MAX = 16 * 1_024;

/** Least recently used goes first. Has the three methods that Yoga asks of its cache. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  #chars = 0;

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document === undefined) return undefined;
    // Map keeps the order of insertion: in again means most recently used.
    this.#documents.delete(text);
    this.#documents.set(text, document);
    return document;
  }

  set(text: string, document: DocumentNode): void {
    if (text.length > DOCUMENT_CHARS_MAX || this.#documents.has(text)) return;
    this.#documents.set(text, document);
    this.#chars += text.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= ENTRIES_MAX && this.#chars <= CHARS_MAX) return;
      this.#documents.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
