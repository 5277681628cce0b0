/** WEBHOOK_ALLOW: hosts, addresses and blocks of addresses. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import type { AllowedTarget } from "../domain/allowed-target.ts";
import { splitList, type ValueKind } from "./values.ts";

const PORT_MAX = 65_535;
const NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

export const allowedTargets: ValueKind<AllowedTarget[]> = {
  expects:
    "a comma-separated list of hosts (intranet.example, or intranet.example:8080 for one port), " +
    "addresses (10.1.2.3, [::1]:8080) and blocks of addresses (10.0.0.0/8)",
  read: (value) => {
    const targets = splitList(value).map(readTarget);
    const areAll = targets.every((target) => target !== null);
    return areAll && targets.length > 0 ? targets : undefined;
  },
  blame: (value) => {
    const odd = splitList(value).find((entry) => readTarget(entry) === null);
    return odd === undefined ? null : JSON.stringify(odd);
  },
};

function readTarget(entry: string): AllowedTarget | null {
  return entry.includes("/") ? readBlock(entry) : readHost(entry);
}

function readBlock(entry: string): AllowedTarget | null {
  const [, address = "", digits] = /^([^/]*)\/(\d{1,3})$/.exec(entry) ?? [];
  const bits = Number(digits);
  const size = bitsOf(address);
  return size === 0 || !(bits <= size) ? null : { kind: "block", address, bits, port: null };
}

function readHost(entry: string): AllowedTarget | null {
  // A bare IPv6 address has colons of its own; with a port it stands in brackets, as in a URL.
  if (bitsOf(entry) > 0) return readAddress(entry, null);
  const [, bracketed, plain = "", digits] =
    /^(?:\[([^\]]*)\]|([^[\]:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > PORT_MAX)) return null;
  if (bracketed !== undefined)
    return bitsOf(bracketed) === 128 ? readAddress(bracketed, port) : null;
  return bitsOf(plain) === 32 ? readAddress(plain, port) : readName(plain, port);
}

function readAddress(address: string, port: number | null): AllowedTarget {
  return { kind: "block", address, bits: bitsOf(address), port };
}

function readName(text: string, port: number | null): AllowedTarget | null {
  const name = domainToASCII(text.replace(/\.$/, ""));
  // 127.1 and 0x7f000001 are addresses in disguise: who means one should see which.
  const fits = NAME.test(name) && isIP(name) === 0 && !/(^|\.)(0x[0-9a-f]*|\d+)$/.test(name);
  return fits ? { kind: "name", name, port } : null;
}

/** 0 for what is no address. */
function bitsOf(address: string): number {
  // A zone (fe80::1%eth0) belongs to a machine, not to an address.
  if (address.includes("%")) return 0;
  return { 4: 32, 6: 128 }[isIP(address)] ?? 0;
}
