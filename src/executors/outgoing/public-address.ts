/** Which addresses belong to the internet at large. */
import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** All that is given out so far. What lies outside, such as `::a.b.c.d`, ipaddr.js has for unicast. */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");
/** Azure's metadata and agent service, on every machine there, at an address that looks public. */
const WIRE_SERVER = "168.63.129.16";

/** Mapped IPv4 (`::ffff:a.b.c.d`) as what it is. Null for what is no address. */
export function parseAddress(text: string): Address | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}

/**
 * False for loopback, private, link-local, shared (100.64.0.0/10), unspecified, multicast, reserved and
 * documentation addresses, for those that carry an IPv4 address within (compatible, NAT64, 6to4, Teredo),
 * and for metadata services.
 */
export function isPublic(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv6"
    ? address.match(GLOBAL_UNICAST)
    : address.toString() !== WIRE_SERVER;
}
