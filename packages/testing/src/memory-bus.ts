import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not stop the bus
import { IOException } from '@serval/api';
import {
  BusOrder,
  Timer,
  type Bus,
  type BusAnswers,
  type BusNodeWatcher,
  type BusRequestOptions,
  type BusStreams,
  type BusSubscriber,
  type BusSubscription,
} from '@serval/api/spi';
import type { MemoryStreams } from './memory-streams';

/** A message, a request or an answer on its way from node to node. */
export type Packet = { readonly from: string } & (
  | { readonly kind: 'message'; readonly channel: string; readonly number: number; readonly message: Uint8Array }
  | { readonly kind: 'request'; readonly channel: string; readonly id: number; readonly message: Uint8Array }
  | { readonly kind: 'answer'; readonly id: number; readonly message: Uint8Array | undefined }
);

/** A request that waits for answers. */
interface Question {
  readonly answers: Map<string, Uint8Array>;
  readonly open: Set<string>;
  readonly missing: string[];
  readonly end: () => void;
}

/** The engine as its nodes use it. */
export interface EngineOfNodes {
  isCut(node: string): boolean;
  disconnect(node: string): void;
  /** Carries a packet to one node, or to all others. */
  carry(packet: Packet, to?: string): void;
  /** Something begins that the engine waits for in `settled`. */
  begin(): void;
  end(): void;
}

/** A node of a `MemoryBusEngine`. */
export class MemoryBus implements Bus {
  readonly isAlone = false;
  readonly streams: BusStreams;
  readonly #order = new BusOrder();
  readonly #others = new Set<string>();
  readonly #subscribers = new Map<string, Set<BusSubscriber>>();
  readonly #watchers = new Set<BusNodeWatcher>();
  readonly #questions = new Map<number, Question>();
  #lastQuestion = 0;
  #isClosed = false;

  /** Use `MemoryBusEngine.connect`. */
  constructor(
    readonly node: string,
    private readonly engine: EngineOfNodes,
    streams: MemoryStreams,
  ) {
    this.streams = {
      append: (stream, message, retention) => this.#reach(() => streams.append(stream, message, retention)),
      read: (stream, after, limit) => this.#reach(() => streams.read(stream, after, limit)),
    };
  }

  publish(channel: string, message: Uint8Array): Promise<void> | undefined {
    const number = this.#order.next(channel);
    if (this.#isAway) return Promise.reject(this.#away());
    this.engine.carry({ kind: 'message', from: this.node, channel, number, message: Uint8Array.from(message) });
    return undefined;
  }

  subscribe(channel: string, subscriber: BusSubscriber): BusSubscription {
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(subscriber));
    const ready = new Promise<void>((resolve) => setImmediate(resolve));
    return { ready, close: () => void subscribers.delete(subscriber) };
  }

  async request(channel: string, message: Uint8Array, { timeoutMs }: BusRequestOptions): Promise<BusAnswers> {
    if (this.#isAway) throw this.#away();
    const id = (this.#lastQuestion += 1);
    const answers = new Map<string, Uint8Array>();
    const missing: string[] = [];
    await new Promise<void>((resolve) => {
      const timer = new Timer(timeoutMs, () => question.end());
      const question: Question = {
        answers,
        missing,
        open: new Set(this.#others),
        end: () => {
          timer.clear();
          missing.push(...question.open);
          this.#questions.delete(id);
          // Never from inside a call.
          setImmediate(resolve);
        },
      };
      this.#questions.set(id, question);
      if (question.open.size === 0) question.end();
      else
        for (const node of question.open)
          this.engine.carry({ kind: 'request', from: this.node, channel, id, message: Uint8Array.from(message) }, node);
    });
    return { answers, missing };
  }

  watchNodes(watcher: BusNodeWatcher): BusSubscription {
    this.#watchers.add(watcher);
    for (const node of this.#others) this.#tell(watcher, (told) => told.onJoined(node));
    return { ready: Promise.resolve(), close: () => void this.#watchers.delete(watcher) };
  }

  /** Leaves the bus. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscribers.clear();
    this.#watchers.clear();
    this.engine.disconnect(this.node);
    for (const question of [...this.#questions.values()]) question.end();
  }

  // --- the engine's calls -------------------------------------------------------------------------------------------

  arrived(packet: Packet): void {
    if (packet.kind === 'message') {
      const { channel, from, number, message } = packet;
      const lost = this.#order.accept(channel, from, number);
      if (lost === undefined) return;
      for (const subscriber of [...(this.#subscribers.get(channel) ?? [])]) {
        if (lost > 0) subscriber.onLoss?.(from, lost);
        subscriber.onMessage(Uint8Array.from(message), from);
      }
    } else if (packet.kind === 'request') this.#answer(packet.from, packet.id, packet.channel, packet.message);
    else this.#answered(packet.from, packet.id, packet.message);
  }

  joined(node: string): void {
    this.#others.add(node);
    for (const watcher of this.#watchers) this.#tell(watcher, (told) => told.onJoined(node));
  }

  /** @param isForever whether its name never returns */
  left(node: string, isForever: boolean): void {
    if (isForever) this.#order.forget(node);
    if (!this.#others.delete(node)) return;
    for (const watcher of this.#watchers) this.#tell(watcher, (told) => told.onLeft(node));
    for (const [id] of [...this.#questions]) this.#answered(node, id, undefined);
  }

  #answer(to: string, id: number, channel: string, message: Uint8Array): void {
    const subscriber = [...(this.#subscribers.get(channel) ?? [])].find((each) => each.onRequest !== undefined);
    const reply = (answer: Uint8Array | undefined): void =>
      this.engine.carry({ kind: 'answer', from: this.node, id, message: answer && Uint8Array.from(answer) }, to);
    this.engine.begin();
    void Promise.resolve(subscriber?.onRequest?.(Uint8Array.from(message), to))
      .then(reply, () => reply(undefined))
      .finally(() => this.engine.end());
  }

  #answered(from: string, id: number, message: Uint8Array | undefined): void {
    const question = this.#questions.get(id);
    if (question?.open.delete(from) !== true) return;
    if (message === undefined) question.missing.push(from);
    else question.answers.set(from, message);
    if (question.open.size === 0) question.end();
  }

  #tell(watcher: BusNodeWatcher, tell: (watcher: BusNodeWatcher) => void): void {
    this.engine.begin();
    setImmediate(() => {
      if (this.#watchers.has(watcher)) tell(watcher);
      this.engine.end();
    });
  }

  async #reach<T>(call: () => T): Promise<T> {
    if (this.#isAway) throw this.#away();
    return call();
  }

  get #isAway(): boolean {
    return this.#isClosed || this.engine.isCut(this.node);
  }

  #away(): IOException {
    return new IOException(
      this.#isClosed ? 'The bus is closed.' : `Node ${this.node} is cut off from the engine of the bus.`,
    );
  }
}
