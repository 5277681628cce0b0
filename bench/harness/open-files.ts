/** Whether a process may hold as many sockets open as a benchmark needs: to the system each is a file. */
import type { Benchmark } from "../benchmarks/benchmark.ts";

/** Besides the sockets: connections to the databases, modules, pipes. */
const OTHER_FILES = 500;

interface Limits {
  /** Absent on Windows. A text where there is no limit. */
  readonly userLimits?: { readonly open_files?: { readonly soft: number | string } };
}

/**
 * Node has already raised the limit as far as the system lets it.
 *
 * @throws Error in words for the person at the command line
 */
export function requireOpenFiles({ name, socketsMax }: Benchmark): void {
  if (socketsMax === undefined) return;
  const needed = socketsMax + OTHER_FILES;
  const { userLimits } = process.report.getReport() as Limits;
  const allowed = userLimits?.open_files?.soft ?? Infinity;
  if (typeof allowed === "string" || allowed >= needed) return;
  throw new Error(
    `${name} opens up to ${needed} files and sockets in one process, and here a process may open ` +
      `${allowed}. Say "ulimit -n ${needed}" in this shell and try again. If it refuses, its hard ` +
      `limit (ulimit -Hn) is lower, and only root can raise that: in /etc/security/limits.conf ` +
      `("nofile"), as LimitNOFILE of a systemd service, or with "docker run --ulimit nofile=${needed}".`,
  );
}
