/** Vinyasa, polled, with PostgreSQL far away and copies of the jobs in Redis in front of it. */
import { FAR_MS } from "../vinyasa/poll.ts";
import { withCopies } from "../vinyasa/poll-copies.ts";

export default withCopies({ delayMs: FAR_MS });
