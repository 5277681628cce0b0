/** Times as RFC 3339 writes them. */

const SHAPE =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** The moment that `text` names, to the millisecond; null if it is none, like 30 February. */
export function parseRfc3339(text: string): Date | null {
  const parts = SHAPE.exec(text);
  if (parts === null) return null;
  const [year, month, day] = parts.slice(1, 4).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  // Date.parse takes 30 February for 2 March; a day after the month's end shows by its month.
  const calendar = new Date(0);
  calendar.setUTCFullYear(year, month - 1, day);
  if (calendar.getUTCMonth() !== month - 1 || calendar.getUTCDate() !== day) return null;
  const date = new Date(text.toUpperCase());
  return Number.isNaN(date.getTime()) ? null : date;
}
