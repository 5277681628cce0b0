/** Text messages as WebSocket frames (RFC 6455, section 5.2), as servers send them: whole, unmasked. */

const FINAL_TEXT = 0x81;
/** Longer ones have their length behind it, in two bytes or in eight. */
const LENGTH_MAX = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** One buffer: a header written apart from its payload made a delivery a quarter dearer. */
export function textFrame(parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const headLength = length <= LENGTH_MAX ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = FINAL_TEXT;
  if (headLength === 2) frame[1] = length;
  else if (headLength === 4) {
    frame[1] = LENGTH_16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_64;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  let at = headLength;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}
