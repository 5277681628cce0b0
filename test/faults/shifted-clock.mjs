/**
 * For `node --import`: this process's clock is wrong by CLOCK_OFFSET_MS. Each SIGUSR2 moves it to the
 * next offset of CLOCK_JUMPS_MS, a comma-separated list.
 */
const RealDate = globalThis.Date;
const jumps = (process.env.CLOCK_JUMPS_MS ?? "").split(",").filter((jump) => jump !== "");
let offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0);

const now = () => RealDate.now() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, values) =>
    values.length === 0 ? new target(now()) : Reflect.construct(target, values),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

process.on("SIGUSR2", () => {
  offsetMs = Number(jumps.shift() ?? 0);
});
