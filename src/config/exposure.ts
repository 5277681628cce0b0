/** Who can reach the API. */
import type { Role } from "./role.ts";

/** Other machines may reach an API that asks for no password; null if they cannot. */
export function exposureWarning(host: string, role: Role): string | null {
  if (role === "worker" || isLoopback(host)) return null;
  return (
    `HOST is ${host}: other machines may reach the API, which has no password. ` +
    "Put it behind something that has one, or set HOST=127.0.0.1."
  );
}

function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
