/** What a job's runs have logged: read, and live. */
import { RequestError } from "../src/domain/errors.ts";
import { LOG_LEVELS, type LogLine } from "../src/domain/log-line.ts";
import { builder } from "./builder.ts";
import { Job } from "./job.ts";
import { decodeLogCursor, encodeLogCursor } from "./log-cursor.ts";
import { openStream } from "./open-stream.ts";

const JobLogLine = builder.objectRef<LogLine>("JobLogLine").implement({
  description: "A line that an executor logged for those who look after the job.",
  fields: (t) => ({
    cursor: t.string({
      description:
        "Its place in the log of its job: what comes after it is asked for with `after`.",
      resolve: encodeLogCursor,
    }),
    at: t.expose("atMs", { type: "DateTime", description: "When it was logged." }),
    level: t.exposeString("level", { description: `One of ${LOG_LEVELS.join(", ")}.` }),
    message: t.exposeString("message", {
      description: "Its text. One that was too long ends with a mark that says so.",
    }),
    fields: t.expose("fields", {
      type: "JSON",
      nullable: true,
      description: "What was logged beside the text, as an object; null if nothing was.",
    }),
    attempt: t.exposeInt("attempt", { description: "Number of the run that logged it." }),
  }),
});

const FIRST_DEFAULT = 100;
const FIRST_MAX = 1_000;

builder.objectField(Job, "logs", (t) =>
  t.field({
    type: [JobLogLine],
    description:
      "What its runs have logged, oldest first. Of each run there are at most the first 900 lines and " +
      "the last 100, with a line where some were left out. Fewer lines than `first` are all there are " +
      "so far; a job whose end is seen has all of its lines.",
    args: {
      after: t.arg.string({
        description:
          "`JobLogLine.cursor` of the last line that is known; from the first if not given.",
      }),
      first: t.arg.int({
        required: true,
        defaultValue: FIRST_DEFAULT,
        description: `At most so many lines: 1 to ${FIRST_MAX}.`,
      }),
    },
    // A live event may be older than what the database says by now: nothing newer than it is shown.
    resolve: async ({ id, attempt }, { after, first }, { loaders }) => {
      const ask = { id, ...decodeLogCursor(after), first: checkedFirst(first) };
      if (attempt === 0) return [];
      return (await loaders.logs.load(ask)).filter((line) => line.attempt <= attempt);
    },
  }),
);

builder.subscriptionField("jobLogAppended", (t) =>
  t.field({
    type: JobLogLine,
    description:
      "What a job's runs log, each line once and in order. First the lines that are there already, from " +
      "the first one or from `after` on, then each as it comes; ends after the last line of a job that " +
      "has ended. A slow client misses nothing: it reads on from where it is. After a break, subscribe " +
      "with the `cursor` of the last line. An id that is unknown is an error with the code NOT_FOUND.",
    args: {
      id: t.arg.id({ required: true, description: "`Job.id`, as `submitJob` returned it." }),
      after: t.arg.string({
        description:
          "`JobLogLine.cursor` of the last line that is known; from the first if not given.",
      }),
    },
    // See src/http/sharing/without-start.ts.
    extensions: { startArguments: ["after"] },
    subscribe: (_root, { id, after }, { watchLogs, signal }) =>
      openStream(watchLogs(id, decodeLogCursor(after)), signal()),
    resolve: (line) => line,
  }),
);

function checkedFirst(first: number): number {
  if (first >= 1 && first <= FIRST_MAX) return first;
  throw new RequestError("BAD_USER_INPUT", `\`first\` must be from 1 to ${FIRST_MAX}`);
}
