/** What the simulated database server holds: the model's jobs, lanes, and the locks of sessions. */
import type { Lane } from "../../src/store/lane-catalog.ts";
import { ModelState } from "../model/model-state.ts";

/** A connection, as the server knows it. */
export interface Session {
  readonly name: string;
  isOpen: boolean;
}

/** A line of a job's log, as it is stored. */
export interface StoredLine {
  readonly attempt: number;
  readonly seq: number;
  readonly message: string;
}

/** Rules that a test may break on purpose, to see that the checks notice. */
export interface BrokenRules {
  /** A write needs no valid claim: any attempt may end any other. */
  readonly withoutFencing?: boolean;
  /** A claim leaves its rows to be claimed again. */
  readonly withoutLocks?: boolean;
  /** A rescue drops each so-manieth job. */
  readonly losesRescued?: boolean;
  /** Instances are declared dead while they live. */
  readonly hastyDeaths?: boolean;
  /** Attempts are not taken from what is left. */
  readonly endlessAttempts?: boolean;
  /** Whoever reads a job sees it as it was submitted. */
  readonly blindReads?: boolean;
}

export class ServerState {
  readonly jobs = new ModelState();
  readonly lanes: Lane[] = [];
  /** What has been logged, by job, in the order of the commits. */
  readonly lines = new Map<string, StoredLine[]>();
  /** By instance. */
  readonly instanceLocks = new Map<number, Session>();
  readonly broken: BrokenRules;
  startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(broken: BrokenRules = {}) {
    this.broken = broken;
  }

  lane(id: number): Lane {
    const lane = this.lanes[id - 1];
    if (lane === undefined) throw new Error(`there is no lane ${id}`);
    return lane;
  }

  /** As "insert ... on conflict do nothing". */
  addLane(spec: Omit<Lane, "id">): void {
    const known = this.findLane(spec);
    if (known === undefined) this.lanes.push({ ...spec, id: this.lanes.length + 1 });
  }

  findLane({ queue, type, threads, suspect }: Omit<Lane, "id">): Lane | undefined {
    return this.lanes.find(
      (lane) =>
        lane.queue === queue &&
        lane.type === type &&
        lane.threads === threads &&
        lane.suspect === suspect,
    );
  }

  /** As "insert ... on conflict do nothing". */
  addLine(jobId: string, line: StoredLine): void {
    const lines = this.lines.get(jobId) ?? [];
    const isThere = lines.some(({ attempt, seq }) => attempt === line.attempt && seq === line.seq);
    if (!isThere) this.lines.set(jobId, [...lines, line]);
  }

  isLockFree(instance: number): boolean {
    return this.instanceLocks.get(instance)?.isOpen !== true;
  }
}
