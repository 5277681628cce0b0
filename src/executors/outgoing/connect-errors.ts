/** Why a connection was not made, in words that tell nobody what addresses a name has in here. */
import { isIPv6 } from "node:net";
import { NonRetryableError } from "../errors.ts";

export const FORBIDDEN_ADDRESS = "FORBIDDEN_ADDRESS";

/**
 * Final: it would be the same at every attempt. Names the host as the caller wrote it and not the address
 * behind it: whoever may submit jobs could else read the names of this network, one job a name. The
 * operator can look it up on this machine.
 */
export function forbiddenAddress(host: string, port: number): NonRetryableError {
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new NonRetryableError(
    `${target} is not on the public internet, and is not called. If it is meant, set WEBHOOK_ALLOW=${target} ` +
      "(or add it, after a comma) where the server is configured, and restart it",
    { code: FORBIDDEN_ADDRESS },
  );
}

/** Node and undici put the addresses that they tried into their messages; what failed is in the code. */
export function withoutAddress(error: Error): Error {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "UND_ERR_CONNECT_TIMEOUT") return coded("the connection took too long", code);
  const isConnect = syscall === "connect" || error instanceof AggregateError;
  if (!isConnect) return error;
  return coded(`connect ${code ?? (message || "failed")}`, code);
}

function coded(message: string, code: string | undefined): Error {
  return Object.assign(new Error(message), { code });
}
