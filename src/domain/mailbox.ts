/**
 * One mail address as people write it: `ann@example.org` or `Ann Lee <ann@example.org>`. Much less
 * than the mail standards allow, on purpose: lists, groups, comments, quoted local parts and folded
 * lines are how one field has been made to reach recipients that nobody had approved.
 */

export interface Mailbox {
  /** Display name; empty if there is none. */
  readonly name: string;
  readonly address: string;
}

/** What a person is told about a text that is no mailbox. */
export const MAILBOX_EXPECTED =
  "must be one address, such as ann@example.org or Ann Lee <ann@example.org>";

const ADDRESS_MAX = 254;
const LOCAL_MAX = 64;
const NAME_MAX = 200;

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]{0,61}[\\p{L}\\p{M}\\p{N}])?";
const ADDRESS = new RegExp(`^(${ATOM}(?:\\.${ATOM})*)@${LABEL}(?:\\.${LABEL})*$`, "u");
/** No specials and no controls (\p{C}), or anything but quotes and controls within quotes. */
const NAMED = /^(?:"([^"\\\p{C}]*)" *|([^"\\<>()[\],;:@\p{C}]*))<([^<>]*)>$/u;

/** Null for anything that is not exactly one address. */
export function parseMailbox(text: string): Mailbox | null {
  // Bounded first: what follows should never see a megabyte.
  if (text.length > NAME_MAX + ADDRESS_MAX + 4) return null;
  if (isAddress(text)) return { name: "", address: text };
  const [, quoted, plain, address = ""] = NAMED.exec(text) ?? [];
  const name = (quoted ?? plain ?? "").trim();
  return isAddress(address) && name.length <= NAME_MAX ? { name, address } : null;
}

function isAddress(text: string): boolean {
  if (text.length > ADDRESS_MAX) return false;
  const local = ADDRESS.exec(text)?.[1];
  return local !== undefined && local.length <= LOCAL_MAX;
}
