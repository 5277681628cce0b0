/** A stage for a test: in `describeWithPostgres`, opened before each test and closed after it. */
import { createTestDatabase } from "../support/postgres.ts";
import { Stage } from "./stage.ts";

export async function openStage(): Promise<Stage> {
  const { url } = await createTestDatabase();
  return Stage.open(url);
}
