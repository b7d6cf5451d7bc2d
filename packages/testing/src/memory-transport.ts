import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not affect the transport
import type { Extension } from '@serval/api';
import { Fifo, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';

/** A frame that one side of a pair sent and the other has not read yet. */
type Frame =
  | { readonly kind: 'text'; readonly data: string; readonly last: boolean }
  | { readonly kind: 'binary'; readonly data: Buffer; readonly last: boolean }
  | { readonly kind: 'ping' | 'pong'; readonly data: Buffer }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

interface Pending {
  readonly frame: Frame;
  readonly bytes: number;
  done: SendCallback | undefined;
}

/** A paused side still reads this much ahead. The rest waits, as in a socket. */
const HELD_BACK_BYTES = 16_384;

/** The code and reason that a listener receives at the end. */
interface Farewell {
  readonly code: number;
  readonly reason: string;
}

/**
 * Creates a pair of transports without a network. Each receives what the other sends in a later turn of the event loop.
 * Both behave like a WebSocket connection, including limits and the closing handshake.
 */
export function createTransportPair(): [MemoryTransport, MemoryTransport] {
  const left = new MemoryTransport();
  const right = new MemoryTransport();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

/** One side of a pair; see {@link createTransportPair}. */
export class MemoryTransport implements Transport {
  readonly extensions: readonly Extension[] = [];
  isSecure = false;
  remoteAddress: string | undefined = 'memory';
  #peer: MemoryTransport | undefined;
  #listener: TransportListener | undefined;
  #paused = true;
  #over = false;
  #closeSent = false;
  /** The peer's close frame, or the rule that it broke. Once set, this side receives nothing more. */
  #farewell: Farewell | undefined;
  /** Whether the peer dropped the connection. Frames that it sent earlier still arrive. */
  #isLost = false;
  /** Frames that the peer sent and this side has not delivered. */
  readonly #incoming = new Fifo<Pending>();
  #scheduled = false;
  #bufferedBytes = 0;
  #progress = 0;
  #wholeText = '';
  #wholeBinary: Buffer[] = [];

  connect(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
  }

  sendText(data: string, last: boolean, done?: SendCallback): void {
    this.#send({ kind: 'text', data, last }, Buffer.byteLength(data), done);
  }

  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    this.#send({ kind: 'binary', data: Buffer.from(data), last }, data.byteLength, done);
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.#send({ kind: 'ping', data: Buffer.from(data) }, data.byteLength, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.#send({ kind: 'pong', data: Buffer.from(data) }, data.byteLength, done);
  }

  close(code: number | undefined, reason: string): void {
    if (this.#closeSent || this.#over) return;
    this.#send({ kind: 'close', code: code ?? 1005, reason }, 2 + Buffer.byteLength(reason), undefined);
    this.#closeSent = true;
    if (this.#farewell === undefined) this.resume();
    else setImmediate(() => this.#end());
  }

  terminate(): void {
    const peer = this.#peer;
    setImmediate(() => {
      this.#end();
      if (peer !== undefined) peer.#lose();
    });
  }

  pause(): void {
    if (!this.#closeSent && this.#farewell === undefined) this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Bytes that the other side has not read yet. They grow while it is paused, like a socket's buffer. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get progress(): number {
    return this.#progress;
  }

  #send(frame: Frame, bytes: number, done: SendCallback | undefined): void {
    if (this.#over || this.#isLost || this.#closeSent) {
      setImmediate(() => done?.(new Error('the connection is closed')));
      return;
    }
    this.#bufferedBytes += bytes;
    if (this.#peer !== undefined) this.#peer.#accept({ frame, bytes, done });
  }

  #accept(pending: Pending): void {
    const heldBack = (this.#peer?.bufferedBytes ?? 0) - pending.bytes;
    if (this.#paused && this.#listener !== undefined && pending.frame.kind === 'ping' && heldBack < HELD_BACK_BYTES) {
      setImmediate(() => this.#receiveAhead(pending));
      return;
    }
    const { frame } = pending;
    if (this.#paused && frame.kind === 'close')
      setImmediate(() => this.#listener?.onPeerLeaving?.({ code: frame.code, reason: frame.reason }));
    this.#incoming.push(pending);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#incoming.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (!this.#paused && !this.#over && this.#farewell === undefined) {
      const next = this.#incoming.take();
      if (next === undefined) break;
      if (this.#peer !== undefined) {
        this.#peer.#bufferedBytes -= next.bytes;
        this.#peer.#progress += next.bytes;
      }
      this.#progress += next.bytes;
      next.done?.();
      this.#receive(next.frame);
    }
    if (this.#isLost && (this.#incoming.size === 0 || this.#farewell !== undefined)) this.#end();
  }

  /** Answers a ping even while messages wait. */
  #receiveAhead({ frame, bytes, done }: Pending): void {
    if (this.#over || this.#farewell !== undefined) return;
    if (this.#peer !== undefined) this.#peer.#bufferedBytes -= bytes;
    done?.();
    this.#receive(frame);
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case 'text':
        this.#receiveText(frame.data, frame.last);
        return;
      case 'binary':
        this.#receiveBinary(frame.data, frame.last);
        return;
      case 'ping':
        this.pong(frame.data);
        this.#listener?.onPing();
        return;
      case 'pong':
        this.#listener?.onPong(frame.data);
        return;
      case 'close':
        this.#endReceiving(frame);
        return;
    }
  }

  #receiveText(part: string, last: boolean): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    if (listener.textRule.inParts) {
      listener.onText(part, last);
      return;
    }
    this.#wholeText += part;
    if (this.#tooBig(Buffer.byteLength(this.#wholeText), listener.textRule.maxBytes) || !last) return;
    const whole = this.#wholeText;
    this.#wholeText = '';
    listener.onText(whole, true);
  }

  #receiveBinary(part: Buffer, last: boolean): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    if (listener.binaryRule.inParts) {
      listener.onBinary(part, last);
      return;
    }
    this.#wholeBinary.push(part);
    const whole = Buffer.concat(this.#wholeBinary);
    if (this.#tooBig(whole.length, listener.binaryRule.maxBytes) || !last) return;
    this.#wholeBinary = [];
    listener.onBinary(whole, true);
  }

  #tooBig(bytes: number, maxBytes: number): boolean {
    if (bytes <= maxBytes) return false;
    const reason = `The message has ${bytes} bytes; at most ${maxBytes} are taken.`;
    this.#listener?.onError(Object.assign(new Error(reason), { closeCode: 1009 }));
    this.#endReceiving({ code: 1009, reason });
    return true;
  }

  /** RFC 6455 5.5.1: the listener answers, unless our close frame went first. */
  #endReceiving(farewell: Farewell): void {
    this.#farewell = farewell;
    const { code, reason } = farewell;
    if (this.#closeSent) this.#end();
    else if (this.#listener?.onClosing === undefined) this.close(code === 1005 ? undefined : code, reason);
    else this.#listener.onClosing(code, reason);
  }

  #lose(): void {
    this.#isLost = true;
    if (this.#incoming.size > 0) this.#listener?.onPeerLeaving?.();
    // The sender cannot find out which of these frames arrived.
    for (const pending of this.#incoming) {
      pending.done?.(new Error('the connection is closed'));
      pending.done = undefined;
    }
    if (this.#incoming.size === 0 || this.#farewell !== undefined) this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (let lost = this.#incoming.take(); lost !== undefined; lost = this.#incoming.take())
      lost.done?.(new Error('the connection is closed'));
    const { code, reason } = this.#farewell ?? { code: 1006, reason: '' };
    this.#listener?.onClose(code, reason);
  }
}
