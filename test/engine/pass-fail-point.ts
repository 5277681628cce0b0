/** Passes a fail-point that is armed for the third pass, as often as it is told. */
import { armFailPoints, failPoint } from "../../src/engine/fail-points.ts";

export default function passFailPoint(passes: string): void {
  armFailPoints({ "mid-drain": { pass: 3 } });
  for (let pass = 0; pass < Number(passes); pass += 1) failPoint("mid-drain");
}
