import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not affect it
import type { Extension } from '@serval/api';
import { Deadline, Timer, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import { formatClose, HEARTBEAT_FRAME, OPEN_FRAME } from './frames';
import { Incoming } from './incoming';
import { Joined, Outgoing, type Batch } from './outgoing';
import type { Receiver } from './receiver';
import { deliverText, errorOf, type BrokenRule } from './received-text';

/** The answer to a second request for frames while one waits. */
const ANOTHER_OPEN = formatClose(2010, 'Another connection still open');
/** The answer to further requests after the connection of a response was lost. */
const INTERRUPTED = formatClose(1002, 'Connection interrupted');

/** The facts and settings of a session over HTTP. */
export interface HttpSessionFacts {
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** How long the session waits for the next request of its client. */
  readonly disconnectDelayMs: number;
  /** How long a response is silent before a heartbeat; Infinity for none. */
  readonly heartbeatMs: number;
  /** Messages that wait for a response before the transport is full. */
  readonly messageCacheSize: number;
  /** Called at most once: the client does not come back. */
  readonly lost: () => void;
  /** Called once: the session only answers further requests with its close frame. */
  readonly ended: () => void;
  /** Called once: from now on the session's ID is free. */
  readonly forget: () => void;
}

/**
 * `closing`: `close` was called, and the close frame waits for a response. `closed`: the close frame left. `lost`: no
 * response follows. `over`: `onClose` was called.
 */
type Phase = 'open' | 'closing' | 'closed' | 'lost' | 'over';

/**
 * A session over HTTP. Its frames leave in the responses to requests of the client, of which one at a time waits for
 * frames. Between two of them the session waits for the disconnect delay; for the same time a session that ended answers
 * further requests with a close frame.
 */
export class HttpSession implements Transport {
  readonly extensions: readonly Extension[] = [];
  readonly isTextOnly = true;
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  #phase: Phase = 'open';
  #isOpenSent = false;
  #listener: TransportListener | undefined;
  readonly #incoming = new Incoming({ deliver: (text) => this.#deliver(text) });
  readonly #joined = new Joined();
  readonly #outgoing = new Outgoing();
  /** The response that waits for frames. */
  #receiver: Receiver | undefined;
  /** The contents of our close frame. */
  #ownClose: BrokenRule | undefined;
  /** Answers requests after the end. */
  #closeFrame = INTERRUPTED;
  /** The rule that the client broke; nothing is delivered any more. */
  #broken: BrokenRule | undefined;
  readonly #unwritten = new Set<Batch>();
  #unwrittenUnits = 0;
  /** They wait for the next sign of life of the client. */
  #pings: { readonly data: Buffer; readonly done: SendCallback | undefined }[] = [];
  #progress = 0;
  #willFlush = false;
  #heartbeat: Timer | undefined;
  #lastFrameAt = 0;
  #disconnect: Deadline | undefined;

  constructor(private readonly facts: HttpSessionFacts) {
    this.isSecure = facts.isSecure;
    this.remoteAddress = facts.remoteAddress;
  }

  // --- requests of the client -------------------------------------------------------------------------------------

  /** Whether the client may send messages. */
  get isReceiving(): boolean {
    return this.#phase === 'open' || this.#phase === 'closing';
  }

  /** Requests of the client whose messages wait for a paused listener. */
  get waitingSenders(): number {
    return this.#incoming.waitingSenders;
  }

  /** A request of the client that waits for frames. */
  attach(receiver: Receiver): void {
    if (!this.isReceiving) answer(receiver, this.#closeFrame);
    else if (this.#receiver !== undefined) answer(receiver, ANOTHER_OPEN);
    else this.#begin(receiver);
  }

  #begin(receiver: Receiver): void {
    this.#disconnect?.clear();
    this.#receiver = receiver;
    this.#progress += 1;
    receiver.begin({
      onReady: () => this.#flush(),
      onEnded: () => this.#detach(),
      onAborted: () => this.#lose(),
    });
    if (!this.#isOpenSent) {
      this.#isOpenSent = true;
      this.#write(OPEN_FRAME);
    }
    this.#beat(this.facts.heartbeatMs);
    this.#flushLater();
  }

  /** @param accepted called once the session can take further messages */
  receive(texts: readonly string[], accepted: () => void): void {
    this.#progress += 1;
    // The protocol's heartbeat of a client.
    if (texts.length === 0) this.#listener?.onPing();
    this.#incoming.push(texts, accepted);
  }

  // --- the transport ----------------------------------------------------------------------------------------------

  open(listener: TransportListener): void {
    this.#listener = listener;
  }

  sendText(text: string, last: boolean, done?: SendCallback): void {
    if (this.#phase !== 'open') {
      fail(done);
      return;
    }
    const joined = this.#joined.add(text, last);
    if (joined.kind === 'whole') {
      this.#outgoing.push(joined.text, done);
      this.#flushLater();
    } else if (joined.kind === 'part') setImmediate(() => done?.());
    else {
      fail(done, 'SockJS sends messages whole, and this one is too long.');
      this.terminate();
    }
  }

  sendBinary(_data: Uint8Array, _last: boolean, done?: SendCallback): void {
    fail(done, 'SockJS carries only text.');
  }

  /** Leaves as a heartbeat, unless a message leaves in its place. The pong is that the client has a response to take it. */
  ping(data: Uint8Array, done?: SendCallback): void {
    if (this.#phase !== 'open' || this.#pings.length >= this.facts.messageCacheSize) {
      fail(done);
      return;
    }
    this.#pings.push({ data: Buffer.from(data), done });
    this.#flushLater();
  }

  /** SockJS has no pongs. */
  pong(_data: Uint8Array, done?: SendCallback): void {
    if (this.#phase !== 'open') fail(done);
    else if (done !== undefined) setImmediate(() => done());
  }

  close(code: number | undefined, reason: string): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#ownClose = { code: code ?? 1005, reason };
    this.#closeFrame = formatClose(this.#ownClose.code, reason);
    this.#incoming.resume();
    this.#flushLater();
  }

  terminate(): void {
    if (this.#phase === 'lost' || this.#phase === 'over') return;
    const receiver = this.#receiver;
    this.#lose();
    receiver?.destroy();
    this.#incoming.stop();
  }

  pause(): void {
    if ((this.#phase === 'open' && this.#broken === undefined) || this.#phase === 'lost') this.#incoming.pause();
  }

  resume(): void {
    this.#incoming.resume();
  }

  /** UTF-16 units, as the container counts them. */
  get bufferedBytes(): number {
    return this.#joined.units + this.#outgoing.units + this.#unwrittenUnits;
  }

  get isFull(): boolean {
    return this.#outgoing.size >= this.facts.messageCacheSize;
  }

  get progress(): number {
    return this.#progress;
  }

  // --- frames to the client ---------------------------------------------------------------------------------------

  /** The messages of one turn of the event loop leave together. */
  #flushLater(): void {
    if (this.#willFlush) return;
    this.#willFlush = true;
    setImmediate(() => {
      this.#willFlush = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#receiver?.isReady !== true) return;
    const next = this.#outgoing.takeFrame();
    if (next !== undefined) this.#write(next.frame, next.batch);
    else if (this.#pings.length > 0) this.#write(HEARTBEAT_FRAME);
    // The frame may have ended the response.
    if (this.#phase === 'closing' && this.#receiver?.isReady === true) this.#writeClose(this.#receiver);
  }

  #write(frame: string, batch?: Batch): void {
    this.#lastFrameAt = performance.now();
    if (batch !== undefined) {
      this.#unwritten.add(batch);
      this.#unwrittenUnits += batch.units;
    }
    const pings = this.#pings;
    if (pings.length > 0) this.#pings = [];
    this.#receiver?.send(frame, (error) => {
      this.#progress += frame.length;
      if (batch !== undefined) this.#settle(batch, error);
      for (const { data, done } of pings) {
        done?.(error);
        if (!error) this.#listener?.onPong(data);
      }
    });
  }

  #settle(batch: Batch, error: Error | null | undefined): void {
    if (!this.#unwritten.delete(batch)) return;
    this.#unwrittenUnits -= batch.units;
    for (const done of batch.done) done(error);
  }

  #writeClose(receiver: Receiver): void {
    this.#phase = 'closed';
    this.#receiver = undefined;
    this.#heartbeat?.clear();
    this.#forgetLater();
    answer(receiver, this.#closeFrame, (error) => {
      if (error) this.#lose();
      else this.#incoming.whenEmpty(() => this.#end(this.#broken ?? this.#ownClose));
    });
  }

  /** One timer for each response; it looks when the last frame left. */
  #beat(delayMs: number): void {
    this.#heartbeat?.clear();
    this.#heartbeat = new Timer(delayMs, () => {
      const receiver = this.#receiver;
      if (receiver === undefined) return;
      const { heartbeatMs } = this.facts;
      const silentMs = performance.now() - this.#lastFrameAt;
      // A timer may fire a little early.
      const isDue = silentMs > heartbeatMs - 1;
      if (isDue && receiver.isReady) this.#write(HEARTBEAT_FRAME);
      if (this.#receiver === receiver) this.#beat(isDue ? heartbeatMs : heartbeatMs - silentMs);
    });
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** The response has ended as it should; the client sends the next request. */
  #detach(): void {
    this.#receiver = undefined;
    this.#heartbeat?.clear();
    this.#disconnect = new Deadline(this.facts.disconnectDelayMs, () => {
      this.#lose();
      this.#disconnect?.clear();
      this.facts.forget();
    });
  }

  /** No response follows. The messages that the client sent before are still delivered. */
  #lose(): void {
    if (this.#phase === 'lost' || this.#phase === 'over') return;
    this.#phase = 'lost';
    this.#receiver = undefined;
    this.#heartbeat?.clear();
    this.#forgetLater();
    setImmediate(() => {
      this.facts.lost();
      this.#failSends();
      if (!this.#incoming.isEmpty) this.#listener?.onPeerLeaving?.();
      this.#incoming.whenEmpty(() => this.#end(this.#broken));
    });
  }

  #forgetLater(): void {
    this.#disconnect?.clear();
    this.#disconnect = new Deadline(this.facts.disconnectDelayMs, () => this.facts.forget());
  }

  #failSends(): void {
    const error = closed();
    for (const batch of this.#unwritten) this.#settle(batch, error);
    for (const done of this.#outgoing.takeFrame()?.batch.done ?? []) done(error);
    for (const { done } of this.#pings.splice(0)) done?.(error);
  }

  /** @param last the last words of the conversation; undefined if the connection was lost */
  #end(last: BrokenRule | undefined): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    const listener = this.#listener;
    this.#listener = undefined;
    this.facts.ended();
    listener?.onClose(last?.code ?? 1006, last?.reason ?? '');
  }

  /** @returns false after a message that breaks a rule */
  #deliver(text: string): boolean {
    const listener = this.#listener;
    const broken = listener && deliverText(listener, text);
    if (listener === undefined || broken === undefined) return true;
    this.#broken = broken;
    listener.onError(errorOf(broken));
    if (listener.onClosing === undefined) this.close(broken.code, broken.reason);
    else listener.onClosing(broken.code, broken.reason);
    return false;
  }
}

/** Answers with one frame and ends the response. */
function answer(receiver: Receiver, frame: string, written: SendCallback = () => undefined): void {
  receiver.begin({ onReady: () => undefined, onEnded: () => undefined, onAborted: () => written(closed()) });
  receiver.send(frame, written);
  receiver.end();
}

function closed(): Error {
  return new Error('the connection is closed');
}

function fail(done: SendCallback | undefined, message = 'the connection is closed'): void {
  if (done !== undefined) setImmediate(() => done(new Error(message)));
}
