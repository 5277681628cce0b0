/** What the operator lets outgoing requests reach, asked by name and by address. */
import ipaddr from "ipaddr.js";
import type { AllowedTarget } from "../../domain/allowed-target.ts";
import type { Address } from "./public-address.ts";

export interface AllowList {
  /** Whether whatever this name leads to may be reached. `host` as in a URL. */
  allowsName(host: string, port: number): boolean;
  allowsAddress(address: Address, port: number): boolean;
}

export function allowList(targets: readonly AllowedTarget[]): AllowList {
  const names = new Set<string>();
  const blocks: { range: [Address, number]; port: number | null }[] = [];
  for (const target of targets) {
    if (target.kind === "name") names.add(keyOf(target.name, target.port));
    else blocks.push({ range: [ipaddr.parse(target.address), target.bits], port: target.port });
  }
  return {
    allowsName(host, port) {
      const name = host.replace(/\.$/, "");
      return names.has(keyOf(name, null)) || names.has(keyOf(name, port));
    },
    allowsAddress: (address, port) =>
      blocks.some((block) => isWithin(address, block.range) && (block.port ?? port) === port),
  };
}

function keyOf(name: string, port: number | null): string {
  return `${name}:${port ?? "*"}`;
}

function isWithin(address: Address, range: [Address, number]): boolean {
  // ipaddr.js throws where the kinds differ.
  return address.kind() === range[0].kind() && address.match(range);
}
