import { describe, expect, it } from "vitest";
import { chooseLogFormat, createLog } from "../src/log.ts";

function lines(format: "json" | "pretty", level = "info") {
  const written: string[] = [];
  const log = createLog({ level, format, write: (line) => written.push(line) });
  return { log, written };
}

describe("the log", () => {
  it("writes one JSON object a line, with level names and ISO times", () => {
    const { log, written } = lines("json");
    log.info({ port: 8080 }, "listening");
    expect(written).toHaveLength(1);
    const entry = JSON.parse(written[0] ?? "");
    expect(entry).toMatchObject({ level: "info", msg: "listening", port: 8080 });
    expect(new Date(entry.time).getTime()).toBeGreaterThan(0);
  });

  it("leaves out what is below its level", () => {
    const { log, written } = lines("json", "warn");
    log.info("not this");
    log.warn("this");
    expect(written).toHaveLength(1);
  });

  it("writes a line for people: time, level, message, fields", () => {
    const { log, written } = lines("pretty");
    log.warn({ queue: "mail", note: "two words" }, "queue is full");
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}queue is full queue=mail note="two words"\n$/,
    );
  });

  it("shows an error's stack indented under its line", () => {
    const { log, written } = lines("pretty");
    log.error({ err: new Error("it broke") }, "oh");
    expect(written[0]).toMatch(/ERROR oh\n {4}Error: it broke\n {4} {4}at /);
  });

  it("takes control characters out of texts that others wrote", () => {
    const { log, written } = lines("pretty");
    log.error({ err: new Error("\u001b[2Jgone"), name: "a\u0007b" }, "bad\u001b[31m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left.
    expect(written[0]).not.toMatch(/[\u0007\u001b]/);
  });

  it("masks passwords in error texts and the causes of errors", () => {
    const cause = new Error("cannot reach redis://:hunter2@cache");
    const { log, written } = lines("json");
    log.error({ err: new Error("postgres://me:hunter2@db failed", { cause }) }, "start failed");
    expect(written[0]).not.toContain("hunter2");
    expect(written[0]).toContain("postgres://me:***@db");
  });

  it("does not repeat what a driver hangs on its errors", () => {
    const error = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: "Key (payload)=(canary) already exists.",
    });
    const { log, written } = lines("json");
    log.error({ err: error }, "insert failed");
    expect(written[0]).toContain("23505");
    expect(written[0]).not.toContain("canary");
  });

  it("hides headers and credentials that somebody logs by mistake", () => {
    const { log, written } = lines("json");
    log.info({ headers: { authorization: "Bearer canary" }, password: "canary" }, "request");
    expect(written[0]).not.toContain("canary");
  });

  it("is for people on a terminal and for machines elsewhere, unless told otherwise", () => {
    expect(chooseLogFormat("auto", true)).toBe("pretty");
    expect(chooseLogFormat("auto", false)).toBe("json");
    expect(chooseLogFormat("json", true)).toBe("json");
    expect(chooseLogFormat("pretty", false)).toBe("pretty");
  });
});
