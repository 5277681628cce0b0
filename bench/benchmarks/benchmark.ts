/** What a benchmark is: sides that are measured in turn, and rows that compare their figures. */

export interface SideSpec {
  /** As the table calls it. */
  readonly name: string;
  /** File in `sides/`. */
  readonly module: string;
}

export interface RowSpec {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** The figure of both measurements that is compared. */
  readonly figure: string;
  readonly ours: SideSpec;
  /** The side to compare with, or the figure to reach where no peer does this. */
  readonly peer: SideSpec | number;
  /** The ratio (ours / peer) that the project wants to reach. */
  readonly reach: number | null;
}

export interface Benchmark {
  readonly name: string;
  readonly rows: readonly RowSpec[];
  /** Most sockets that one of its processes has open at once, where these are many. */
  readonly socketsMax?: number;
}
