/** Never below 0: `createdAt` is the server's clock, other times are the database's. */
export function spanMs(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : Math.max(0, Math.round(toMs - fromMs));
}
