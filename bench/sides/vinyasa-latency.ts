/** Vinyasa, from the submit operation to the executor's start. */
import type { PrepareSide } from "../harness/side.ts";
import { latencies } from "../harness/statistics.ts";
import { timeStarts, warmUpOf } from "../harness/workload.ts";
import { openParts } from "../vinyasa/parts.ts";

const prepare: PrepareSide = async (environment) => {
  const { samples } = environment;
  let onStart = () => {};
  const parts = await openParts(environment, () => onStart());
  const engine = parts.createEngine();
  await engine.start();
  const time = (count: number) =>
    timeStarts(count, async (started) => {
      onStart = started;
      const result = await parts.operations.submitJob({ type: "noop", payload: { id: 1 } });
      if (result.kind !== "SUBMITTED") throw new Error(`the job was refused: ${result.kind}`);
    });
  await time(warmUpOf(samples));
  return {
    measure: async () => latencies(await time(samples)),
    close: async () => {
      await engine.stop(1_000);
      await parts.close();
    },
  };
};

export default prepare;
