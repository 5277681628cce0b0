/** The head of an HTTP answer; each of these servers writes it in one piece. */

const END = "\r\n\r\n";

/** What came with it. @throws Error if the answer is another than the wanted one */
export function bodyAfterHead(chunk: Buffer, wanted: number): Buffer {
  const end = chunk.indexOf(END);
  if (end < 0 || !chunk.toString("latin1", 0, 12).endsWith(` ${wanted}`)) {
    throw new Error(`the server answered: ${chunk.toString("latin1", 0, 500)}`);
  }
  return chunk.subarray(end + END.length);
}
