/** Ids as callers name them, and what was found, under the names they used. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The distinct ids among `ids`, in lower case. What is no UUID names no job, and is left out. */
export function distinctJobIds(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id) => UUID.test(id)).map((id) => id.toLowerCase()))];
}

/**
 * What `read` finds, keyed by the ids as they were asked for; without any valid id it is not called.
 *
 * @param read gets distinct ids in lower case, and returns what it found under them
 */
export async function readByIds<T>(
  ids: readonly string[],
  read: (distinct: string[]) => Promise<Map<string, T>>,
): Promise<Map<string, T>> {
  const distinct = distinctJobIds(ids);
  if (distinct.length === 0) return new Map();
  const found = await read(distinct);
  const result = new Map<string, T>();
  for (const id of ids) {
    const value = found.get(id.toLowerCase());
    if (value !== undefined) result.set(id, value);
  }
  return result;
}
