import { IllegalStateException, IOException, SendDroppedException, SocketTimeoutException } from '@serval/api';
import type { SendCallback } from '@serval/api/spi';
import { rejected, tolerateNeglect } from './promises';
import { SendState, type StreamKind } from './send-state';
import type { WsSession } from './session';

/** A send is accepted at once while no more than this waits to be written; beyond it the sender is made to wait. */
const LOW_WATER = 65_536;

/** What a send returns: undefined when it was accepted at once, else a promise that nobody needs to await. */
export type Sending = Promise<void> | undefined;

/** A message, a part of one, or a control frame. */
type Outgoing =
  | { readonly kind: 'text'; readonly data: string; readonly last: boolean; readonly isWhole: boolean }
  | { readonly kind: 'binary'; readonly data: Uint8Array; readonly last: boolean; readonly isWhole: boolean }
  | { readonly kind: 'ping' | 'pong'; readonly data: Uint8Array };

/** A send whose sender is waiting. */
interface PendingSend {
  readonly outgoing: Outgoing;
  readonly bytes: number;
  /** When it fails, in `performance.now()` time; Infinity for never. */
  readonly deadline: number;
  /** When it has waited too long in the queue; Infinity for never. */
  readonly stale: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * What one session sends: in order, bounded, and timed.
 *
 * While little is pending a send goes straight to the transport. Beyond that it is in flight (with the transport, waiting
 * to be written) or, behind those, in the queue, where `queueOverflow` can still drop it. A batch is collected before all
 * of this.
 */
export class Outbox {
  readonly #state: SendState;
  /** The first half of a character that a text part was cut through. */
  #highSurrogate = '';
  #inFlight: Set<PendingSend> | undefined;
  #queue: PendingSend[] | undefined;
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;
  #batch: Outgoing[] | undefined;
  #batchBytes = 0;

  constructor(private readonly session: WsSession) {
    this.#state = new SendState(session.context.settings.concurrentSends === 'reject');
  }

  // --- what may be sent, and when -----------------------------------------------------------------------------------

  sendText(text: string, timeoutMs: number): Sending {
    if (!this.session.canSend) return failed(closed());
    const finish = this.#state.beginWhole('text');
    return finish(this.#send({ kind: 'text', data: text, last: true, isWhole: true }, timeoutMs));
  }

  sendBinary(data: Uint8Array, timeoutMs: number): Sending {
    if (!this.session.canSend) return failed(closed());
    const finish = this.#state.beginWhole('binary');
    return finish(this.#send({ kind: 'binary', data, last: true, isWhole: true }, timeoutMs));
  }

  sendTextPart(part: string, last: boolean, timeoutMs: number, as: StreamKind | 'part' = 'part'): Sending {
    if (!this.session.canSend) return failed(closed());
    const finish = this.#state.beginPart('text', last, as);
    return finish(
      this.#send({ kind: 'text', data: this.#wholeCharacters(part, last), last, isWhole: false }, timeoutMs),
    );
  }

  sendBinaryPart(part: Uint8Array, last: boolean, timeoutMs: number, as: StreamKind | 'part' = 'part'): Sending {
    if (!this.session.canSend) return failed(closed());
    const finish = this.#state.beginPart('binary', last, as);
    return finish(this.#send({ kind: 'binary', data: part, last, isWhole: false }, timeoutMs));
  }

  /** Control frames may stand between the parts of a message (RFC 6455 5.4). */
  sendControl(kind: 'ping' | 'pong', data: Uint8Array, timeoutMs: number): Sending {
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
    const flushed = this.flush(this.session.blockingTimeoutMs);
    this.#batch = undefined;
    return flushed;
  }

  /** Sends what the batch has collected. */
  flush(timeoutMs: number): Sending {
    const batch = this.#batch;
    if (batch === undefined || batch.length === 0) return undefined;
    this.#batch = [];
    this.#batchBytes = 0;
    const pending = batch.flatMap((outgoing) => this.#dispatch(outgoing, timeoutMs) ?? []);
    return pending.length === 0 ? undefined : tolerateNeglect(Promise.all(pending).then(() => undefined));
  }

  // --- the way to the transport -------------------------------------------------------------------------------------

  /** Hands everything that waits to the transport, which writes in order: what was sent before a close goes before it. */
  handOver(): void {
    void this.flush(this.session.blockingTimeoutMs);
    for (let next = this.#takeFromQueue(0); next !== undefined; next = this.#takeFromQueue(0)) this.#fly(next);
  }

  /** The connection is gone: everything unfinished fails; what is batched when it is flushed, for nobody waits for it. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = [...(this.#inFlight ?? []), ...(this.#queue ?? [])];
    this.#inFlight = undefined;
    this.#queue = undefined;
    for (const send of pending) send.reject(closed());
  }

  #send(outgoing: Outgoing, timeoutMs: number): Sending {
    if (!this.session.canSend) return failed(closed());
    if (this.#batch === undefined) return this.#dispatch(outgoing, timeoutMs);
    this.#batch.push(outgoing);
    this.#batchBytes += sizeOf(outgoing);
    const { streamBufferSize, maxQueuedMessages } = this.session.context.settings;
    const isFull = this.#batchBytes >= streamBufferSize || this.#batch.length >= maxQueuedMessages;
    return isFull ? this.flush(timeoutMs) : undefined;
  }

  #dispatch(outgoing: Outgoing, timeoutMs: number): Sending {
    if (!this.session.canSend) return failed(closed());
    const bytes = sizeOf(outgoing);
    const waiting = this.session.transport.bufferedBytes + this.#queuedBytes;
    if (waiting + bytes <= LOW_WATER && this.#queue === undefined) {
      this.#write(outgoing);
      return undefined;
    }
    const { maxQueueTime } = this.session.context.settings;
    const refusal = this.#makeRoom(outgoing, bytes, waiting);
    if (refusal !== undefined) return failed(refusal);
    const now = performance.now();
    return tolerateNeglect(
      new Promise<void>((resolve, reject) => {
        this.#wait({
          outgoing,
          bytes,
          deadline: now + timeoutMs,
          stale: maxQueueTime > 0 ? now + maxQueueTime : Infinity,
          resolve,
          reject,
        });
      }),
    );
  }

  #wait(send: PendingSend): void {
    // The transport writes in order, so one send in flight is enough to learn when there is room again.
    if ((this.#inFlight?.size ?? 0) === 0) {
      this.#fly(send);
    } else {
      (this.#queue ??= []).push(send);
      this.#queuedBytes += send.bytes;
    }
    this.#watch(Math.min(send.deadline, send.stale));
  }

  #fly(send: PendingSend): void {
    (this.#inFlight ??= new Set()).add(send);
    this.#write(send.outgoing, (error) => this.#written(send, error));
  }

  #written(send: PendingSend, error: Error | null | undefined): void {
    if (this.#inFlight?.delete(send) !== true) return;
    if (error === undefined || error === null) send.resolve();
    else send.reject(new IOException(`The message could not be written: ${error.message}`, { cause: error }));
    this.#pump();
    if (this.#inFlight.size > 0 || this.#queue !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Hands over from the queue what there is room for, at least one. */
  #pump(): void {
    while (this.#queue !== undefined) {
      const isFull = this.session.transport.bufferedBytes >= LOW_WATER;
      if (isFull && (this.#inFlight?.size ?? 0) > 0) return;
      const next = this.#takeFromQueue(0);
      if (next !== undefined) this.#fly(next);
    }
  }

  #write(outgoing: Outgoing, done?: SendCallback): void {
    this.session.wrote();
    const { transport } = this.session;
    if (outgoing.kind === 'text') transport.sendText(outgoing.data, outgoing.last, done);
    else if (outgoing.kind === 'binary') transport.sendBinary(outgoing.data, outgoing.last, done);
    else transport[outgoing.kind](outgoing.data, done);
  }

  #takeFromQueue(index: number): PendingSend | undefined {
    if (index < 0) return undefined;
    const [taken] = this.#queue?.splice(index, 1) ?? [];
    if (taken !== undefined) this.#queuedBytes -= taken.bytes;
    if (this.#queue?.length === 0) this.#queue = undefined;
    return taken;
  }

  // --- bounds and time ----------------------------------------------------------------------------------------------

  /** @returns why the new send is refused, or undefined when it may wait */
  #makeRoom(outgoing: Outgoing, bytes: number, waiting: number): Error | undefined {
    const { maxQueuedBytes, maxQueuedMessages, queueOverflow } = this.session.context.settings;
    let excess = waiting === 0 ? 0 : waiting + bytes - maxQueuedBytes;
    const isFull = (): boolean => excess > 0 || (this.#queue?.length ?? 0) >= maxQueuedMessages;
    if (!isFull()) return undefined;
    // A message that would not fit even alone must not evict the others for nothing.
    const fitsAlone = bytes <= Math.max(maxQueuedBytes, LOW_WATER);
    if (queueOverflow !== 'drop-oldest' || !fitsAlone) return this.#overflow(outgoing);
    while (isFull()) {
      const oldest = this.#takeFromQueue(this.#queue?.findIndex(isDroppable) ?? -1);
      // The newest message always waits: it may be the last one, and the latest counts.
      if (oldest === undefined) return isDroppable({ outgoing }) ? undefined : this.#overflow(outgoing);
      excess -= oldest.bytes;
      this.#drop(oldest);
    }
    return undefined;
  }

  /** A new send that does not fit. A part cannot be left out of its message, so the session ends instead. */
  #overflow(outgoing: Outgoing): Error {
    const { queueOverflow } = this.session.context.settings;
    if (queueOverflow === 'close' || !isDroppable({ outgoing })) {
      this.session.refuseSlowPeer();
      return new IOException('Too much is waiting for this peer; its session is closed.');
    }
    if (queueOverflow === 'reject') {
      return new IllegalStateException(
        'Too much is waiting for this peer (queueOverflow is "reject"); the message was not sent.',
      );
    }
    this.session.sendDropped();
    return dropped();
  }

  /** Sends that are kept waiting before they reach the outbox are bounded alike. */
  refuse(outgoingIsWhole: boolean): Promise<void> {
    return failed(this.#overflow({ kind: 'text', data: '', last: true, isWhole: outgoingIsWhole }));
  }

  #drop(send: PendingSend): void {
    this.session.sendDropped();
    send.reject(dropped());
  }

  /** One timer for all that is pending, set to the earliest deadline known; a later one is found when it fires. */
  #watch(at: number): void {
    if (at === Infinity || (this.#timer !== undefined && this.#timerAt <= at)) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#expire(at), Math.max(1, at - performance.now()));
    this.#timer.unref();
  }

  /** @param due what the timer was set to: by then it is that late at least, whatever a test's mocked clock says */
  #expire(due: number): void {
    this.#timer = undefined;
    const now = Math.max(due, performance.now());
    let next = Infinity;
    for (const send of [...(this.#inFlight ?? []), ...(this.#queue ?? [])]) {
      if (send.deadline <= now) {
        this.#timedOut(send);
        return;
      }
      next = Math.min(next, send.deadline);
    }
    for (const send of [...(this.#queue ?? [])]) {
      if (send.stale > now) next = Math.min(next, send.stale);
      else if (!this.#goneStale(send)) return;
    }
    this.#watch(next);
  }

  #timedOut(send: PendingSend): void {
    this.#inFlight?.delete(send);
    this.#takeFromQueue(this.#queue?.indexOf(send) ?? -1);
    send.reject(this.timeOut());
  }

  /** A send has taken too long: ends the session. @returns what to tell the sender */
  timeOut(): SocketTimeoutException {
    this.session.abandon('A message was not sent within the send timeout.');
    return new SocketTimeoutException('The message was not sent within the send timeout; its session ends.');
  }

  /** A message has waited for maxQueueTime. @returns false when its session ends by that */
  #goneStale(send: PendingSend): boolean {
    const { queueOverflow } = this.session.context.settings;
    if (queueOverflow === 'close' || !isDroppable(send)) {
      this.session.refuseSlowPeer();
      return false;
    }
    this.#takeFromQueue(this.#queue?.indexOf(send) ?? -1);
    if (queueOverflow === 'reject')
      send.reject(new IllegalStateException('The message has waited for maxQueueTime and was not sent.'));
    else this.#drop(send);
    return true;
  }

  /** A part may end in the middle of a character; UTF-8 may not, so the half waits for the next part. */
  #wholeCharacters(part: string, last: boolean): string {
    const text = this.#highSurrogate + part;
    this.#highSurrogate = '';
    if (last || !endsWithHighSurrogate(text)) return text;
    this.#highSurrogate = text.slice(-1);
    return text.slice(0, -1);
  }
}

/** A part cannot be left out of its message. */
function isDroppable({ outgoing }: { readonly outgoing: Outgoing }): boolean {
  return !('isWhole' in outgoing) || outgoing.isWhole;
}

/** Text counts by its characters: exact for ASCII, and a third of the bytes at the least. */
function sizeOf({ data }: Outgoing): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}

function endsWithHighSurrogate(text: string): boolean {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
}

function closed(): IOException {
  return new IOException('The message was not sent: the session is closed.');
}

function dropped(): SendDroppedException {
  return new SendDroppedException('The message was dropped: too much is waiting for this peer.');
}

function failed(error: Error): Promise<void> {
  return rejected(error);
}
