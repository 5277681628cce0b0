import { afterAll, beforeAll, expect, it } from "vitest";
import { invalidState } from "../../src/operations/failures.ts";
import { moveJob } from "../../src/operations/move-job.ts";
import { describeWithPostgres } from "../support/postgres.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

describeWithPostgres("a move of one job", () => {
  let store: TestStore;
  let id = "";

  beforeAll(async () => {
    store = await openTestStore();
    const submitted = await store.operations.submitJob({ type: "anything" });
    if (submitted.kind !== "SUBMITTED") throw new Error(submitted.message);
    id = submitted.job.id;
  });

  afterAll(() => store.close());

  it("that misses its job looks again until it finds it", async () => {
    let looks = 0;
    const move = async () => {
      looks += 1;
      return looks < 3 ? undefined : "moved";
    };
    const result = await moveJob(store.db, id, { move, refuse: () => null });
    expect(result).toMatchObject({ kind: "MOVED", moved: "moved", job: { id } });
    expect(looks).toBe(3);
  });

  it("that misses its job again and again gives up, and says so", async () => {
    const move = async () => undefined;
    const moving = moveJob(store.db, id, { move, refuse: () => null });
    await expect(moving).rejects.toMatchObject({ name: "RequestError", code: "UNAVAILABLE" });
  });

  it("stops where the job as it is cannot be moved", async () => {
    const result = await moveJob(store.db, id, {
      move: async () => undefined,
      refuse: (job) => invalidState(job, "not now"),
    });
    expect(result).toMatchObject({
      kind: "INVALID_STATE",
      message: `job ${id} is PENDING: not now`,
    });
  });
});
