import { IllegalStateException, IOException } from '@serval/api';
import { Fifo, type SendCallback, type Transport } from '@serval/api/spi';
import { Deadlines, type DueEntry } from './deadlines';
import { rejected, tolerateNeglect, type Sending } from './promises';
import {
  dropped,
  fitsAlone,
  LOW_WATER,
  overflow,
  sessionClosed,
  textOnly,
  timedOut,
  type BoundsHost,
} from './send-bounds';
import { SendQueue, type QueuedSend } from './send-queue';
import type { SessionTraffic } from './session-traffic';
import { SendState, type StreamKind } from './send-state';
import type { ContainerSettings } from './settings';
import { goOnLater, mayGoOn, type LongWork } from './turns';

/** A session as its outbox uses it. */
export interface OutboxHost extends BoundsHost {
  readonly transport: Pick<
    Transport,
    'sendText' | 'sendBinary' | 'ping' | 'pong' | 'bufferedBytes' | 'isFull' | 'isTextOnly'
  >;
  readonly settings: BoundsHost['settings'] &
    Pick<ContainerSettings, 'concurrentSends' | 'maxQueueTime' | 'streamBufferSize'>;
  readonly limits: {
    readonly blockingTimeoutMs: number;
    /** Something is being written. */
    wrote(): void;
  };
  /** Undefined unless the session is measured. */
  readonly traffic: Pick<SessionTraffic, 'sent' | 'coalescedMessages'> | undefined;
}

/** A message, a part of one, or a control frame. */
type Outgoing =
  | { readonly kind: 'text'; readonly data: string; readonly last: boolean; readonly isWhole: boolean }
  | { readonly kind: 'binary'; readonly data: Uint8Array; readonly last: boolean; readonly isWhole: boolean }
  | { readonly kind: 'ping' | 'pong'; readonly data: Uint8Array };

/** A send whose sender is waiting. */
interface PendingSend extends QueuedSend {
  outgoing: Outgoing;
  /** A later message with this key replaces it while it waits in the queue. */
  readonly key: string | undefined;
  /** The promise of its sender, and of those whose messages it replaced; only with a key. */
  sent: Promise<void> | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** When it fails. */
  due: DueEntry<PendingSend> | undefined;
  /** When it has waited too long in the queue. */
  stale: DueEntry<PendingSend> | undefined;
}

/** The transport's answer for a send in flight. */
interface Outcome {
  readonly send: PendingSend;
  readonly error: Error | null | undefined;
}

/**
 * Sends the messages of one session: in order, bounded, and timed.
 *
 * While little is pending a send goes straight to the transport. Beyond that it is in flight (with the transport, waiting
 * to be written) or, behind those, in the queue, where `queueOverflow` can still drop it. A batch collects messages before
 * all of this.
 */
export class Outbox implements LongWork {
  readonly #state: SendState;
  #inFlight: Set<PendingSend> | undefined;
  #queue: SendQueue<PendingSend> | undefined;
  /** Written, and not settled yet: this turn did enough. A later one goes on with them and with the queue. */
  #outcomes: Fifo<Outcome> | undefined;
  #goesOn = false;
  /** The sends in the queue that have a key. */
  #latest: Map<string, PendingSend> | undefined;
  #deadlines: Deadlines<PendingSend> | undefined;
  #staleness: Deadlines<PendingSend> | undefined;
  #batch: Outgoing[] | undefined;
  #batchBytes = 0;

  constructor(private readonly host: OutboxHost) {
    this.#state = new SendState(host.settings.concurrentSends === 'reject');
  }

  // --- what may be sent, and when -----------------------------------------------------------------------------------

  sendText(text: string, timeoutMs: number): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    const finish = this.#state.beginWhole('text');
    return finish(this.#send({ kind: 'text', data: text, last: true, isWhole: true }, timeoutMs));
  }

  sendBinary(data: Uint8Array, timeoutMs: number): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    if (this.host.transport.isTextOnly === true) return rejected(textOnly());
    const finish = this.#state.beginWhole('binary');
    return finish(this.#send({ kind: 'binary', data, last: true, isWhole: true }, timeoutMs));
  }

  /** Sends a whole message; while one with the same key waits in the queue, it takes that one's place instead. */
  sendLatest(data: string | Uint8Array, key: string, timeoutMs: number): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    const kind = typeof data === 'string' ? 'text' : 'binary';
    if (kind === 'binary' && this.host.transport.isTextOnly === true) return rejected(textOnly());
    const finish = this.#state.beginWhole(kind);
    const outgoing = { kind, data, last: true, isWhole: true } as Outgoing;
    // The messages of a batch leave together, and replace none.
    if (this.#batch !== undefined) return finish(this.#send(outgoing, timeoutMs));
    return finish(this.#replace(outgoing, key) ?? this.#dispatch(outgoing, timeoutMs, key));
  }

  sendTextPart(part: string, last: boolean, timeoutMs: number, as: StreamKind | 'part' = 'part'): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    const finish = this.#state.beginPart('text', last, as);
    return finish(
      this.#send({ kind: 'text', data: this.#state.wholeCharacters(part, last), last, isWhole: false }, timeoutMs),
    );
  }

  sendBinaryPart(part: Uint8Array, last: boolean, timeoutMs: number, as: StreamKind | 'part' = 'part'): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    if (this.host.transport.isTextOnly === true) return rejected(textOnly());
    const finish = this.#state.beginPart('binary', last, as);
    return finish(this.#send({ kind: 'binary', data: part, last, isWhole: false }, timeoutMs));
  }

  /** Control frames may stand between the parts of a message (RFC 6455 5.4). */
  sendControl(kind: 'ping' | 'pong', data: Uint8Array, timeoutMs: number): Sending {
    if (!this.host.life.canSend) return rejected(sessionClosed());
    return this.#send({ kind, data }, timeoutMs);
  }

  /** A stream or writer takes the connection for one message. @throws IllegalStateException inside another message */
  reserve(as: StreamKind): void {
    this.#state.reserve(as);
  }

  /** A stream or writer that has sent nothing gives the connection back. */
  release(): void {
    this.#state.release();
  }

  // --- measuring ----------------------------------------------------------------------------------------------------

  get waitingMessages(): number {
    return (this.#inFlight?.size ?? 0) + (this.#queue?.size ?? 0);
  }

  /** Without those that the transport holds. */
  get queuedBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  // --- batching -----------------------------------------------------------------------------------------------------

  get isBatching(): boolean {
    return this.#batch !== undefined;
  }

  /** While batching, sends are collected up to `streamBufferSize` and complete at once. */
  setBatching(allowed: boolean): Sending {
    if (allowed) {
      this.#batch ??= [];
      return undefined;
    }
    const flushed = this.flush(this.host.limits.blockingTimeoutMs);
    this.#batch = undefined;
    return flushed;
  }

  /** Sends the batch. */
  flush(timeoutMs: number): Sending {
    const batch = this.#batch;
    if (batch === undefined || batch.length === 0) return undefined;
    this.#batch = [];
    this.#batchBytes = 0;
    // One of them may end the session.
    const send = (outgoing: Outgoing): Sending =>
      this.host.life.canSend ? this.#dispatch(outgoing, timeoutMs) : rejected(sessionClosed());
    const pending = batch.flatMap((outgoing) => send(outgoing) ?? []);
    return pending.length === 0 ? undefined : tolerateNeglect(Promise.all(pending).then(() => undefined));
  }

  // --- the way to the transport -------------------------------------------------------------------------------------

  /** Hands everything that waits to the transport, which writes in order: earlier messages leave before a close frame. */
  handOver(): void {
    void this.flush(this.host.limits.blockingTimeoutMs);
    for (let next = this.#takeFromQueue(); next !== undefined; next = this.#takeFromQueue()) this.#fly(next);
  }

  /** The connection is gone: everything unfinished fails. A batch, for which nobody waits, fails when it is flushed. */
  end(): void {
    this.#deadlines?.clear();
    this.#staleness?.clear();
    this.#outcomes = undefined;
    // Most sessions end with nothing unfinished, and an error costs its stack.
    if (this.#inFlight === undefined && this.#queue === undefined) return;
    const error = sessionClosed();
    for (const send of this.#inFlight ?? []) send.reject(error);
    this.#inFlight = undefined;
    this.#latest = undefined;
    for (let next = this.#takeFromQueue(); next !== undefined; next = this.#takeFromQueue()) next.reject(error);
  }

  #send(outgoing: Outgoing, timeoutMs: number): Sending {
    if (this.#batch === undefined) return this.#dispatch(outgoing, timeoutMs);
    this.#batch.push(outgoing);
    this.#batchBytes += sizeOf(outgoing);
    const { streamBufferSize, maxQueuedMessages } = this.host.settings;
    const isFull = this.#batchBytes >= streamBufferSize || this.#batch.length >= maxQueuedMessages;
    return isFull ? this.flush(timeoutMs) : undefined;
  }

  #dispatch(outgoing: Outgoing, timeoutMs: number, key?: string): Sending {
    const bytes = sizeOf(outgoing);
    const { transport } = this.host;
    const unwritten = transport.bufferedBytes;
    if (unwritten + bytes <= LOW_WATER && this.#queue === undefined && transport.isFull !== true) {
      this.#write(outgoing);
      return undefined;
    }
    const refusal = this.#makeRoom(outgoing, bytes, unwritten);
    if (refusal !== undefined) return rejected(refusal);
    const isDroppable = !isPart(outgoing);
    const sent = tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        const times = { due: undefined, stale: undefined };
        this.#wait({ outgoing, bytes, isDroppable, key, sent: undefined, resolve, reject, ...times }, timeoutMs);
      }),
    );
    const latest = key === undefined ? undefined : this.#latest?.get(key);
    if (latest !== undefined) latest.sent = sent;
    return sent;
  }

  /**
   * Puts a message in the place of a waiting one. Its time limits stay those of the first one, so that a peer that takes
   * nothing is found out however often the value changes.
   *
   * @returns undefined if none with the key waits
   */
  #replace(outgoing: Outgoing, key: string): Sending {
    const waiting = this.#latest?.get(key);
    if (waiting === undefined) return undefined;
    const bytes = sizeOf(outgoing);
    const more = bytes - waiting.bytes;
    if (more > 0) {
      const refusal = this.#makeRoom(outgoing, more, this.host.transport.bufferedBytes, waiting);
      if (refusal !== undefined) return rejected(refusal);
      // The report of a dropped message may have ended the session.
      if (this.#latest?.get(key) !== waiting) return undefined;
    }
    const { traffic } = this.host;
    if (traffic !== undefined) traffic.coalescedMessages += 1;
    waiting.outgoing = outgoing;
    waiting.bytes = bytes;
    this.#queue?.grow(more);
    return waiting.sent;
  }

  #wait(send: PendingSend, timeoutMs: number): void {
    send.due = (this.#deadlines ??= new Deadlines((late) => this.#timedOut(late))).add(send, timeoutMs);
    // The transport writes in order, so one send in flight is enough to learn when there is room again.
    if ((this.#inFlight?.size ?? 0) === 0 && this.#queue === undefined) {
      this.#fly(send);
      return;
    }
    const { maxQueueTime } = this.host.settings;
    if (maxQueueTime > 0)
      send.stale = (this.#staleness ??= new Deadlines((old) => this.#goneStale(old))).add(send, maxQueueTime);
    (this.#queue ??= new SendQueue()).push(send);
    if (send.key !== undefined) (this.#latest ??= new Map<string, PendingSend>()).set(send.key, send);
  }

  #fly(send: PendingSend): void {
    this.#staleness?.remove(send.stale);
    (this.#inFlight ??= new Set()).add(send);
    this.#write(send.outgoing, (error) => this.#written({ send, error }));
  }

  #written(outcome: Outcome): void {
    if (this.#inFlight?.has(outcome.send) !== true) return;
    if (this.#outcomes === undefined && mayGoOn()) {
      this.#settle(outcome);
      this.#pump();
      return;
    }
    // Behind those of earlier sends, and in a later turn where many peers read again at once.
    (this.#outcomes ??= new Fifo()).push(outcome);
    this.#goOnLater();
  }

  /** Long queues take turns with each other and with everything else. */
  goOn(): void {
    this.#goesOn = false;
    while (this.#outcomes !== undefined) {
      if (!mayGoOn()) {
        this.#goOnLater();
        return;
      }
      const outcome = this.#outcomes.take();
      if (this.#outcomes.size === 0) this.#outcomes = undefined;
      if (outcome !== undefined) this.#settle(outcome);
    }
    this.#pump();
  }

  #goOnLater(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    goOnLater(this);
  }

  #settle({ send, error }: Outcome): void {
    this.#inFlight?.delete(send);
    this.#deadlines?.remove(send.due);
    if (error === undefined || error === null) send.resolve();
    else send.reject(new IOException(`The message could not be written: ${error.message}`, { cause: error }));
  }

  /** Hands sends over from the queue while there is room, at least one. */
  #pump(): void {
    while (this.#queue !== undefined) {
      const { transport } = this.host;
      const isFull = transport.bufferedBytes >= LOW_WATER || transport.isFull === true;
      if (isFull && (this.#inFlight?.size ?? 0) > 0) return;
      if (!mayGoOn()) {
        this.#goOnLater();
        return;
      }
      const next = this.#takeFromQueue();
      if (next !== undefined) this.#fly(next);
    }
  }

  #write(outgoing: Outgoing, done?: SendCallback): void {
    this.host.limits.wrote();
    const { transport, traffic } = this.host;
    if (traffic !== undefined && 'last' in outgoing) traffic.sent(outgoing.data, outgoing.last);
    if (outgoing.kind === 'text') transport.sendText(outgoing.data, outgoing.last, done);
    else if (outgoing.kind === 'binary') transport.sendBinary(outgoing.data, outgoing.last, done);
    else transport[outgoing.kind](outgoing.data, done);
  }

  #takeFromQueue(): PendingSend | undefined {
    const next = this.#queue?.take();
    if (this.#queue?.size === 0) this.#queue = undefined;
    if (next !== undefined) this.#leave(next);
    return next;
  }

  /** A send leaves the queue: nothing replaces it any more. */
  #leave({ key }: PendingSend): void {
    if (key === undefined) return;
    this.#latest?.delete(key);
    if (this.#latest?.size === 0) this.#latest = undefined;
  }

  // --- bounds and time ----------------------------------------------------------------------------------------------

  /**
   * @param bytes how many more wait then
   * @param unwritten bytes that the transport holds
   * @param replaced the message in whose place it waits; undefined if it waits behind all others
   * @returns why the new send is refused, or undefined when it may wait
   */
  #makeRoom(outgoing: Outgoing, bytes: number, unwritten: number, replaced?: PendingSend): Error | undefined {
    const { maxQueuedBytes, maxQueuedMessages, queueOverflow } = this.host.settings;
    const messages = replaced === undefined ? 1 : 0;
    const isFull = (): boolean => {
      const waiting = unwritten + (this.#queue?.bytes ?? 0);
      return (
        (waiting > 0 && waiting + bytes > maxQueuedBytes) || (this.#queue?.size ?? 0) + messages > maxQueuedMessages
      );
    };
    if (!isFull()) return undefined;
    if (queueOverflow !== 'drop-oldest' || !fitsAlone(this.host, sizeOf(outgoing)))
      return overflow(this.host, !isPart(outgoing));
    const hasRoom = this.#queue?.dropWhile(isFull, (oldest) => this.#drop(oldest), replaced) === true;
    if (this.#queue?.size === 0) this.#queue = undefined;
    // The newest message always waits: it may be the last one, and the latest counts.
    return hasRoom || !isPart(outgoing) ? undefined : overflow(this.host, false);
  }

  #drop(send: PendingSend): void {
    this.#leave(send);
    this.#deadlines?.remove(send.due);
    this.#staleness?.remove(send.stale);
    send.reject(dropped(this.host));
  }

  /** The others fail with the end of the session. */
  #timedOut(send: PendingSend): void {
    this.#deadlines?.clear();
    this.#inFlight?.delete(send);
    send.reject(timedOut(this.host));
  }

  /** A message has waited for maxQueueTime. Those of one queue pass in order, so it is the oldest. */
  #goneStale(send: PendingSend): void {
    const { queueOverflow } = this.host.settings;
    if (queueOverflow === 'close' || !send.isDroppable) {
      this.#staleness?.clear();
      this.host.life.refuseSlowPeer();
      return;
    }
    this.#queue?.takeDroppable();
    if (this.#queue?.size === 0) this.#queue = undefined;
    if (queueOverflow !== 'reject') {
      this.#drop(send);
      return;
    }
    this.#leave(send);
    this.#deadlines?.remove(send.due);
    this.host.sendRefused();
    send.reject(new IllegalStateException('The message has waited for maxQueueTime and was not sent.'));
  }
}

function isPart(outgoing: Outgoing): boolean {
  return 'isWhole' in outgoing && !outgoing.isWhole;
}

/** Text counts by its characters: exact for ASCII, and a third of the bytes at the least. */
function sizeOf({ data }: Outgoing): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}
