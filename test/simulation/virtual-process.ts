/** One process of the simulated world: what it has under way happens only while it runs. */

export class VirtualProcess {
  readonly name: string;
  /** How far its wall clock is off. */
  readonly clockSkewMs: number;
  isCrashed = false;
  /** Frozen until then, as by SIGSTOP; the clocks go on. */
  frozenUntilMs = 0;
  /** At any time: what it ran then may have gone on behind its back. */
  wasFrozen = false;
  #onCrash: (() => void)[] = [];

  constructor(name: string, clockSkewMs = 0) {
    this.name = name;
    this.clockSkewMs = clockSkewMs;
  }

  /** Nothing of it ever happens again. */
  crash(): void {
    if (this.isCrashed) return;
    this.isCrashed = true;
    for (const react of this.#onCrash.splice(0)) react();
  }

  onCrash(react: () => void): void {
    this.#onCrash.push(react);
  }
}
