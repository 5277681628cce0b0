/** One JSON log line as a line for people: time, level, message, then the other fields. */

const RESET = "\u001b[0m";
const DIM = "\u001b[2m";
const LEVEL_COLORS: Record<string, string> = {
  trace: DIM,
  debug: DIM,
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
  fatal: "\u001b[31;1m",
};

/** Returns `line` unchanged if it is no JSON object. */
export function formatLogLine(line: string, options: { color: boolean }): string {
  const entry = parseEntry(line);
  if (entry === null) return line;
  const { level, time, msg, err, ...fields } = entry;
  const paint = (text: string, color: string) =>
    options.color && text !== "" ? `${color}${text}${RESET}` : text;
  const name = String(level);
  const parts = [
    paint(clock(String(time)), DIM),
    paint(name.toUpperCase().padEnd(5), LEVEL_COLORS[name] ?? ""),
    msg === undefined ? "" : printable(String(msg)),
    paint(describeFields(fields), DIM),
  ];
  return `${parts.filter((part) => part !== "").join(" ")}${describeError(err)}\n`;
}

function parseEntry(line: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
}

/** "07:31:02.114" of the local day. */
function clock(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${time.toLocaleTimeString("en-GB")}.${ms}`;
}

function describeFields(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${describeValue(value)}`)
    .join(" ");
}

function describeValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? String(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

function describeError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = String(stack ?? message ?? "");
  return text === "" ? "" : `\n${printable(text).replace(/^/gm, "    ")}`;
}

/** Without control characters: a job's name or an error text must not steer the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\uFFFD");
}
