/** Vinyasa, polled, with copies of the jobs in Redis in front of the database. */
import { withCopies } from "../vinyasa/poll-copies.ts";

export default withCopies();
