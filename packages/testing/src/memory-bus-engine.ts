import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not stop the bus
import { randomBytes } from 'node:crypto';
import { IOException } from '@serval/api';
import { Fifo, pause } from '@serval/api/spi';
import { MemoryBus, type EngineOfNodes, type Packet } from './memory-bus';
import { MemoryStreams } from './memory-streams';

/** How unreliable a {@link MemoryBusEngine} is. Everything has the default 0. */
export interface BusFaults {
  /** The share of messages, requests and answers that get lost, from 0 to 1. */
  readonly loss?: number | undefined;
  /** The share of messages that arrive twice. */
  readonly repetition?: number | undefined;
  /** The share of messages that the one behind them overtakes, if one is under way. */
  readonly reordering?: number | undefined;
  /** The longest delay between two arrivals from one node at another, in milliseconds. */
  readonly delayMs?: number | undefined;
}

/**
 * An engine without a network: connects nodes in one process, for tests of code that stands on a {@link Bus}. On request
 * it loses, repeats, reorders and delays messages, cuts nodes off, and loses its streams.
 *
 * @example
 * const engine = new MemoryBusEngine();
 * const [one, other] = [engine.connect(), engine.connect()];
 * const first = new TestServer({ endpoints: [Chat], bus: one });
 * const second = new TestServer({ endpoints: [Chat], bus: other });
 * await engine.settled();
 */
export class MemoryBusEngine implements EngineOfNodes {
  readonly #nodes = new Map<string, MemoryBus>();
  readonly #cut = new Set<string>();
  readonly #lanes = new Map<string, Fifo<Packet>>();
  readonly #streams = new MemoryStreams();
  #faults: BusFaults = {};
  #underWay = 0;
  #settled: (() => void)[] = [];
  #state: number;

  /** @param seed of the random numbers: the same seed gives the same faults */
  constructor(seed = 1) {
    this.#state = seed;
  }

  /** Adds a node. */
  connect(node = randomBytes(8).toString('hex')): MemoryBus {
    if (this.#nodes.has(node)) throw new IOException(`A node ${node} is on the bus already. Choose another name.`);
    const bus = new MemoryBus(node, this, this.#streams);
    for (const other of this.#nodes.values()) if (!this.isCut(other.node)) this.#meet(bus, other);
    this.#nodes.set(node, bus);
    return bus;
  }

  /** Removes a node, which dies or says goodbye. */
  disconnect(node: string): void {
    this.#nodes.delete(node);
    this.#cut.delete(node);
    for (const other of this.#nodes.values()) other.left(node, true);
  }

  /** Sets the faults of messages from now on. */
  setFaults(faults: BusFaults): void {
    this.#faults = faults;
  }

  /** Cuts the connection between a node and the engine: its calls reject, and nothing reaches it. */
  cut(node: string): void {
    const bus = this.#nodes.get(node);
    if (bus === undefined || this.#cut.has(node)) return;
    this.#cut.add(node);
    for (const other of this.#nodes.values()) {
      if (other === bus) continue;
      other.left(node, false);
      bus.left(other.node, false);
    }
  }

  /** Ends a {@link cut}. Messages sent meanwhile are lost. */
  reconnect(node: string): void {
    const bus = this.#nodes.get(node);
    if (bus === undefined || !this.#cut.delete(node)) return;
    for (const other of this.#nodes.values()) if (other !== bus && !this.isCut(other.node)) this.#meet(bus, other);
  }

  isCut(node: string): boolean {
    return this.#cut.has(node);
  }

  /** Loses the entries of all streams, as an engine that restarts. */
  loseStreams(): void {
    this.#streams.lose();
  }

  /** Resolves once nothing is under way. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled.push(resolve);
      this.#tellIfSettled();
    });
  }

  /** Something begins that {@link settled} waits for. */
  begin(): void {
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
    this.#tellIfSettled();
  }

  /** Carries a packet to one node, or to all others. */
  carry(packet: Packet, to?: string): void {
    for (const node of to === undefined ? this.#nodes.keys() : [to])
      if (node !== packet.from) this.#queue(packet, node);
  }

  #queue(packet: Packet, to: string): void {
    const { loss = 0, repetition = 0 } = this.#faults;
    const key = `${packet.from} ${to}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, (lane = new Fifo()));
    const isIdle = lane.size === 0;
    if (this.#happens(loss)) return;
    lane.push(packet);
    if (packet.kind === 'message' && this.#happens(repetition)) lane.push(packet);
    if (!isIdle) return;
    this.begin();
    void this.#drain(lane, to).finally(() => this.end());
  }

  /** Delivers what waits in a lane, each in its own turn. */
  async #drain(lane: Fifo<Packet>, to: string): Promise<void> {
    while (lane.size > 0) {
      const { delayMs = 0, reordering = 0 } = this.#faults;
      await (delayMs > 0 ? pause(this.#random() * delayMs) : new Promise((resolve) => setImmediate(resolve)));
      const packet = lane.take();
      if (packet?.kind === 'message' && lane.size > 0 && this.#happens(reordering)) {
        const next = lane.take();
        if (next !== undefined) this.#deliver(next, to);
      }
      if (packet !== undefined) this.#deliver(packet, to);
    }
  }

  #deliver(packet: Packet, to: string): void {
    if (!this.isCut(packet.from) && !this.isCut(to)) this.#nodes.get(to)?.arrived(packet);
  }

  #meet(one: MemoryBus, other: MemoryBus): void {
    one.joined(other.node);
    other.joined(one.node);
  }

  #tellIfSettled(): void {
    setImmediate(() => {
      if (this.#underWay > 0) return;
      const waiting = this.#settled;
      this.#settled = [];
      for (const resolve of waiting) resolve();
    });
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random() < share;
  }

  /** From 0 to 1, by a linear congruential generator: repeatable, and random enough for faults. */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}
