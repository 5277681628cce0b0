/** What instances say to each other on the control channel. */
import { z } from "zod";
import { ALL_BUCKETS } from "./bucket.ts";

/** Lanes, or instances, in one wake-up. More than that are left to the polls. */
export const WAKE_LANES_MAX = 4_096;
/** Jobs in one wake-up. More than that are left to the repair. */
export const WAKE_LOGS_MAX = 1_000;

const mask = z.int().min(0).max(ALL_BUCKETS);
const round = z.int().min(0);

const controlMessage = z.discriminatedUnion("is", [
  /** Everything that the sender wants to hear of. With a round, every other instance answers it. */
  z.object({ is: z.literal("interest"), mask, round: round.nullable() }),
  /** The answer: the sender has heard `to`, and this is what it wants itself. */
  z.object({ is: z.literal("heard"), to: z.string().length(36), round, mask }),
  z.object({
    is: z.literal("wake"),
    lanes: z.array(z.int()).max(WAKE_LANES_MAX).readonly().exactOptional(),
    from: z.object({ rank: z.int(), atMs: z.number() }).exactOptional(),
    dueAtMs: z.number().exactOptional(),
    cancels: z.array(z.int()).max(WAKE_LANES_MAX).readonly().exactOptional(),
    logs: z.array(z.string().length(36)).max(WAKE_LOGS_MAX).readonly().exactOptional(),
  }),
]);

export type ControlMessage = z.infer<typeof controlMessage>;

/** Null if it is none: written by something else than this version of the server. */
export function parseControlMessage(body: unknown): ControlMessage | null {
  const parsed = controlMessage.safeParse(body);
  return parsed.success ? parsed.data : null;
}
