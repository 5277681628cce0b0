/** The bus of the simulated fleet: messages between processes are lost, doubled, late and out of order. */
import type { JobEvent } from "../../src/domain/event.ts";
import type { Bus, BusStatus, Unsubscribe, WakeUp } from "../../src/events/bus.ts";
import type { Turns } from "../../src/events/turns.ts";
import type { Network } from "./network.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** How long an announcement waits for those that do not answer. */
const ANNOUNCE_MS = 150;

/** What connects the buses of all processes. */
export class BusWire {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly #members = new Set<SimBus>();
  readonly #turns = new Map<string, { readonly owner: SimBus; readonly untilMs: number }>();

  constructor(time: VirtualTime, network: Network) {
    this.time = time;
    this.network = network;
  }

  join(bus: SimBus): void {
    this.#members.add(bus);
  }

  leave(bus: SimBus): void {
    this.#members.delete(bus);
  }

  toOthers(sender: SimBus, receive: (bus: SimBus) => void): void {
    for (const bus of this.#members) {
      if (bus === sender) continue;
      for (const ms of this.network.arrivals())
        this.time.after(ms, () => receive(bus), bus.process);
    }
  }

  takeTurn(owner: SimBus, name: string, ttlMs: number): boolean {
    const { random, weather } = this.network;
    if (random.chance(weather.lyingTurns)) return random.chance(0.5);
    const held = this.#turns.get(name);
    if (held !== undefined && held.owner !== owner && held.untilMs > this.time.nowMs) return false;
    this.#turns.set(name, { owner, untilMs: this.time.nowMs + ttlMs });
    return true;
  }

  giveUpTurn(owner: SimBus, name: string): void {
    if (this.#turns.get(name)?.owner === owner) this.#turns.delete(name);
  }
}

export class SimBus implements Bus {
  readonly process: VirtualProcess;
  readonly turns: Turns;
  readonly #wire: BusWire;
  readonly #events = new Set<(events: readonly JobEvent[]) => void>();
  readonly #wakes = new Set<(wakeUp: WakeUp) => void>();
  /** Jobs that somebody watches, as far as this process has heard. */
  readonly #watched = new Set<string>();

  constructor(wire: BusWire, process: VirtualProcess) {
    this.#wire = wire;
    this.process = process;
    this.turns = {
      take: (name, ttlMs) => this.#soon(() => wire.takeTurn(this, name, ttlMs)),
      giveUp: (name) => wire.giveUpTurn(this, name),
    };
    process.onCrash(() => wire.leave(this));
  }

  async start(): Promise<void> {
    this.#wire.join(this);
  }

  async stop(): Promise<void> {
    this.#wire.leave(this);
  }

  status(): BusStatus {
    return { kind: "redis", connected: true, name: "simulated" };
  }

  publish(events: readonly JobEvent[]): void {
    this.#hearEvents(events);
    this.#wire.toOthers(this, (bus) => bus.#hearEvents(events));
  }

  isWatched(jobId: string): boolean {
    return this.#watched.has(jobId);
  }

  wake(wakeUp: WakeUp): void {
    this.#hearWake(wakeUp);
    this.#wire.toOthers(this, (bus) => bus.#hearWake(wakeUp));
  }

  onEvents(listener: (events: readonly JobEvent[]) => void): Unsubscribe {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  onWake(listener: (wakeUp: WakeUp) => void): Unsubscribe {
    this.#wakes.add(listener);
    return () => this.#wakes.delete(listener);
  }

  onGap(): Unsubscribe {
    return () => {};
  }

  async announceInterest(jobId: string | null): Promise<Unsubscribe> {
    if (jobId === null) throw new Error("the simulation watches single jobs");
    this.#watched.add(jobId);
    this.#wire.toOthers(this, (bus) => bus.#watched.add(jobId));
    await this.#soon(() => undefined, ANNOUNCE_MS);
    return () => {};
  }

  #hearEvents(events: readonly JobEvent[]): void {
    for (const listener of [...this.#events]) listener(events);
  }

  #hearWake(wakeUp: WakeUp): void {
    for (const listener of [...this.#wakes]) listener(wakeUp);
  }

  #soon<T>(look: () => T, ms = 1): Promise<T> {
    return new Promise((resolve) => {
      this.#wire.time.after(ms, () => resolve(look()), this.process);
    });
  }
}
