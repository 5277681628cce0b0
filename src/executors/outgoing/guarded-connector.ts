/**
 * Connections to one origin that lead to no address but public ones and those that the operator allows.
 *
 * Looked at three times, because each alone has been got round: an address that stands in the URL is
 * never looked up, a name may lead elsewhere at the next look-up, and what the socket is connected to in
 * the end is the only truth. The spellings (decimal, octal, hexadecimal, short) are the URL parser's: it
 * has turned all of them into plain addresses before.
 */
import dns, { type LookupAddress, type LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { AllowList } from "./allow-list.ts";
import { forbiddenAddress, withoutAddress } from "./connect-errors.ts";
import { isPublic, parseAddress } from "./public-address.ts";

/** As dns.lookup with `all`. */
export type ResolveName = (
  host: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface Guard {
  readonly allow: AllowList;
  readonly resolveName?: ResolveName | undefined;
  readonly connectTimeoutMs: number;
}

export function guardedConnector(
  origin: URL,
  { allow, resolveName = dns.lookup, connectTimeoutMs }: Guard,
): buildConnector.connector {
  const host = origin.hostname.replace(/^\[|\]$/g, "");
  const port = Number(origin.port) || (origin.protocol === "https:" ? 443 : 80);
  const isNamed = allow.allowsName(host, port);
  const mayReach = (text: string | undefined) => {
    if (isNamed) return true;
    const address = parseAddress(text ?? "");
    return address !== null && (isPublic(address) || allow.allowsAddress(address, port));
  };
  const refusal = () => forbiddenAddress(host, port);
  const lookup = guardedLookup(resolveName, mayReach, refusal);
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup });
  return (target, callback) => {
    if (isIP(host) !== 0 && !mayReach(host)) {
      // Later: undici is still putting the connection together that asks for this one.
      queueMicrotask(() => callback(refusal(), null));
      return;
    }
    connect(target, (...[error, socket]) => {
      if (error !== null) return callback(withoutAddress(error), null);
      if (mayReach(socket.remoteAddress)) return callback(null, socket);
      socket.destroy();
      callback(refusal(), null);
    });
  };
}

/** Refuses a name as soon as one of its addresses is forbidden: a mixture is how rebinding begins. */
function guardedLookup(
  resolveName: ResolveName,
  mayReach: (address: string) => boolean,
  refusal: () => Error,
): LookupFunction {
  return (host, options, callback) => {
    resolveName(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      if (!addresses.every(({ address }) => mayReach(address))) return callback(refusal(), []);
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? "", first?.family);
    });
  };
}
