/** How large a fault case is: full by default, short in CI, and whatever the environment says. */

/** @param name an environment variable that overrides both */
export function size(name: string, sizes: { readonly full: number; readonly ci: number }): number {
  const given = process.env[name];
  if (given !== undefined && given !== "") return Number(given);
  return process.env.CI === "true" ? sizes.ci : sizes.full;
}
