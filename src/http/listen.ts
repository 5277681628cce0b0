/** Opens the port, or says in a sentence why it cannot be opened. */
import { createServer, type Server, type Socket } from "node:net";
import { OperatorError } from "../domain/errors.ts";

/** @throws OperatorError if the port is taken, not allowed, or the host is not of this machine */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, port, host));
    server.once("error", fail);
    server.listen({ port, host }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

/**
 * Opens the port and closes it again: a start that cannot end well should end before it has opened and
 * migrated a database. Whoever takes the port in between is found by `listen`.
 *
 * @throws OperatorError as `listen` does
 */
export async function assertPortFree(port: number, host: string): Promise<void> {
  // Nobody is expected yet, and nobody is kept.
  const probe = createServer((socket: Socket) => socket.destroy());
  await listen(probe, port, host);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}

/** Where a browser on this machine finds the server. */
export function localUrl(host: string, port: number): string {
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

function explain(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new OperatorError(
        `Port ${port} on ${host} is taken by another program. Stop that program, or set PORT to a ` +
          "free port (PORT=0 takes any).",
      );
    case "EACCES":
      return new OperatorError(
        `Port ${port} may not be opened by this user. Set PORT to a number above 1023.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new OperatorError(
        `HOST is ${host}, which is no address of this machine. Set it to 127.0.0.1 (this machine ` +
          "only) or 0.0.0.0 (all networks).",
      );
    default:
      return error;
  }
}
