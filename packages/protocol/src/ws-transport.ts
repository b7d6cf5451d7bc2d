import { Duplex, Writable } from 'node:stream';
import type { Extension } from '@serval/api';
import { Deadline, Fifo, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import { nextHandshakePhase, VIOLATION_LINGER_MS, type Farewell, type HandshakePhase } from './closing';
import { ProtocolViolation } from './close-frame';
import { progressOf } from './sockets';

// ws names what a peer did wrong by error codes; all that are not listed are protocol errors.
const CLOSE_CODES = new Map<string, ProtocolViolation['closeCode']>([
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
]);

const WHOLE_TEXT = { binary: false, fin: true };
const PART_OF_TEXT = { binary: false, fin: false };
const WHOLE_BINARY = { binary: true, fin: true };
const PART_OF_BINARY = { binary: true, fin: false };

/** A WebSocket of the ws library, as far as it is used: users install no types of ws. */
export interface LibrarySocket extends NodeJS.EventEmitter {
  readonly readyState: number;
  /** The empty string for none. */
  readonly protocol: string;
  /** The header's text; the empty string for none. */
  readonly extensions: string;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, options: { binary: boolean; fin: boolean }, done?: SendCallback): void;
  ping(data: Uint8Array, mask?: boolean, done?: SendCallback): void;
  pong(data: Uint8Array, mask?: boolean, done?: SendCallback): void;
  close(code?: number, reason?: string | Buffer): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Facts about a connection that ws does not have. */
export interface WsConnectionFacts {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** Called once, when a message that the listener wants in parts is delivered whole. */
  readonly deliveredWhole?: (() => void) | undefined;
  /** Bytes of the payload of a data frame that is sent, before ws compresses it; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
}

/** A paused transport reads on until it holds back this much; then ws pauses as well. Each message counts a little more. */
const HELD_BACK_BYTES = 16_384;
const HELD_OVERHEAD = 64;

/** An event of ws that the listener may still have to receive. */
type Event =
  | { readonly kind: 'message'; readonly data: Buffer; readonly isBinary: boolean }
  | { readonly kind: 'pong'; readonly data: Buffer }
  | Farewell
  | { readonly kind: 'end'; readonly code: number; readonly reason: string };

/**
 * A {@link Transport} over an open WebSocket of the ws library.
 *
 * ws delivers whole messages only, so a listener that wants parts receives each message as one last part. It also answers
 * a close frame as soon as it has read it; the call by which it does so is kept until the listener answers.
 */
export class WsTransport implements Transport {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  #listener: TransportListener | undefined;
  #linger: Deadline | undefined;
  #deliveredWhole: (() => void) | undefined;
  readonly #maxFrameBytes: number;
  #paused = true;
  #held = new Fifo<Event>();
  #heldBytes = 0;
  #willRelease = false;
  /** Nothing more arrives. The handshake is `received` only once the listener has everything before. */
  #isOver = false;
  #handshake: HandshakePhase = 'open';
  #farewell: Farewell | undefined;
  #peerLeaves = false;
  readonly #close: LibrarySocket['close'];

  constructor(
    private readonly webSocket: LibrarySocket,
    facts: WsConnectionFacts,
  ) {
    this.extensions = facts.extensions;
    this.isSecure = facts.isSecure;
    this.remoteAddress = facts.remoteAddress;
    this.#deliveredWhole = facts.deliveredWhole;
    this.#maxFrameBytes = facts.maxFrameBytes || Infinity;
    // From now on, so that an error before open() cannot end the process.
    webSocket.on('error', (error: Error) => this.#failed(error));
    this.#close = webSocket.close.bind(webSocket);
    webSocket.close = (code, reason) => this.#closeCalled(code, reason);
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    const { webSocket } = this;
    // ws's default binary type gives Buffers.
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#arrive({ kind: 'message', data, isBinary }));
    webSocket.on('ping', () => this.#listener?.onPing());
    webSocket.on('pong', (data: Buffer) => this.#arrive({ kind: 'pong', data }));
    webSocket.on('close', (code: number, reason: Buffer) => {
      this.#linger?.clear();
      this.#arrive({ kind: 'end', code, reason: reason.toString() });
    });
    webSocket.resume();
  }

  sendText(text: string, last: boolean, done?: SendCallback): void {
    // At most three bytes for each UTF-16 unit.
    const bytes = text.length * 3 > this.#maxFrameBytes ? Buffer.from(text) : undefined;
    if (bytes !== undefined && bytes.length > this.#maxFrameBytes) this.#sendInFrames(bytes, false, last, done);
    else this.webSocket.send(text, last ? WHOLE_TEXT : PART_OF_TEXT, done);
  }

  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    if (data.byteLength > this.#maxFrameBytes) this.#sendInFrames(data, true, last, done);
    else this.webSocket.send(data, last ? WHOLE_BINARY : PART_OF_BINARY, done);
  }

  /** RFC 6455 5.4: each part is one frame; text may be cut within a character. */
  #sendInFrames(data: Uint8Array, binary: boolean, last: boolean, done: SendCallback | undefined): void {
    const most = this.#maxFrameBytes;
    for (let begin = 0; begin < data.byteLength; begin += most) {
      const isLast = begin + most >= data.byteLength;
      this.webSocket.send(
        data.subarray(begin, begin + most),
        { binary, fin: isLast && last },
        isLast ? done : undefined,
      );
    }
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.ping(data, undefined, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.webSocket.pong(data, undefined, done);
  }

  close(code: number | undefined, reason: string): void {
    if (this.#hasSentClose) return;
    this.#handshake = nextHandshakePhase(this.#handshake, 'send');
    this.#close(code, reason);
    if (this.#farewell?.kind === 'failure') this.#lingerBriefly();
    if (this.#handshake === 'complete') setImmediate(() => this.#end(1006, ''));
    // The peer's close frame must be read, whatever stopped the reading before.
    else this.resume();
  }

  get #hasSentClose(): boolean {
    return this.#handshake === 'sent' || this.#handshake === 'complete';
  }

  terminate(): void {
    this.#isOver = true;
    this.#dropHeld();
    this.webSocket.terminate();
  }

  pause(): void {
    if (!this.#hasSentClose && !this.#isOver) this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held.size === 0) this.webSocket.resume();
    else this.#releaseLater();
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  get progress(): number {
    // ws does not show it otherwise.
    const socket: unknown = Reflect.get(this.webSocket, '_socket');
    return socket instanceof Duplex ? progressOf(socket) : 0;
  }

  /** While the listener is paused ws reads on, and so answers pings and notices the end, until enough is held back. */
  #arrive(event: Event): void {
    if (this.#isOver && event.kind !== 'end') return;
    if (event.kind === 'close frame' || event.kind === 'failure') this.#isOver = true;
    if (!this.#paused && this.#held.size === 0) {
      this.#deliver(event);
      return;
    }
    if (event.kind === 'close frame') this.#tellLeaving(event);
    else if (event.kind === 'failure' || event.kind === 'end') this.#tellLeaving();
    this.#held.push(event);
    this.#heldBytes += sizeOf(event);
    if (this.#heldBytes >= HELD_BACK_BYTES && !this.#isOver) this.webSocket.pause();
  }

  #tellLeaving(close?: Farewell): void {
    if (this.#peerLeaves) return;
    this.#peerLeaves = true;
    this.#listener?.onPeerLeaving?.(close && { code: close.code, reason: close.reason });
  }

  #releaseLater(): void {
    if (this.#willRelease) return;
    this.#willRelease = true;
    setImmediate(() => {
      this.#willRelease = false;
      while (!this.#paused) {
        const event = this.#held.take();
        if (event === undefined) {
          this.webSocket.resume();
          return;
        }
        this.#heldBytes -= sizeOf(event);
        this.#deliver(event);
      }
    });
  }

  /** All but the end. */
  #dropHeld(): void {
    for (let event = this.#held.take(); event !== undefined; event = this.#held.take())
      if (event.kind === 'end') setImmediate(() => this.#end(1006, ''));
    this.#heldBytes = 0;
  }

  #deliver(event: Event): void {
    if (event.kind === 'message') this.#deliverMessage(event.data, event.isBinary);
    else if (event.kind === 'pong') this.#listener?.onPong(event.data);
    else if (event.kind === 'end') this.#end(event.code, event.reason);
    else this.#endReceiving(event);
  }

  #deliverMessage(data: Buffer, isBinary: boolean): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    const { inParts, maxBytes } = isBinary ? listener.binaryRule : listener.textRule;
    if (inParts) this.#tellDeliveredWhole();
    if (!inParts && data.length > maxBytes) {
      this.#isOver = true;
      this.#dropHeld();
      const reason = `The message has ${data.length} bytes; at most ${maxBytes} are taken.`;
      listener.onError(new ProtocolViolation(1009, reason));
      this.#endReceiving({ kind: 'failure', code: 1009, reason });
    } else if (isBinary) {
      listener.onBinary(data, true);
    } else {
      listener.onText(data.toString(), true);
    }
  }

  #tellDeliveredWhole(): void {
    const tell = this.#deliveredWhole;
    this.#deliveredWhole = undefined;
    tell?.();
  }

  /**
   * Called in place of `webSocket.close`: by ws, which answers the peer's close frame, or a broken rule, with it, or by
   * someone who has the WebSocket in hand.
   */
  #closeCalled(code?: number, reason?: string | Buffer): void {
    const isAnswer = Reflect.get(this.webSocket, '_closeFrameReceived') === true;
    const receiver: unknown = Reflect.get(this.webSocket, '_receiver');
    if (this.#hasSentClose || this.#isOver || this.#listener === undefined) this.#close(code, reason);
    else if (isAnswer) this.#arrive({ kind: 'close frame', code: code ?? 1005, reason: String(reason ?? '') });
    // The error that ws emits next says what rule it was.
    else if (!(receiver instanceof Writable && receiver.errored !== null)) this.#close(code, reason);
  }

  #failed(error: Error & { readonly code?: string }): void {
    if (error.code?.startsWith('WS_ERR_') !== true) {
      this.#listener?.onError(error);
      return;
    }
    const violation = new ProtocolViolation(CLOSE_CODES.get(error.code) ?? 1002, error.message, error);
    this.#listener?.onError(violation);
    this.#arrive({ kind: 'failure', code: violation.closeCode, reason: error.message });
  }

  #endReceiving(farewell: Farewell): void {
    this.#farewell = farewell;
    this.#handshake = nextHandshakePhase(this.#handshake, 'receive');
    const { code, reason } = farewell;
    const listener = this.#listener;
    this.#paused = false;
    if (this.#handshake === 'complete') {
      this.#lingerBriefly();
      this.#end(code, reason);
    } else if (listener?.onClosing === undefined) {
      this.close(code === 1005 ? undefined : code, reason);
    } else {
      listener.onClosing(code, reason);
    }
  }

  /** The peer broke a rule, and may not do its part now. */
  #lingerBriefly(): void {
    this.#linger?.clear();
    this.#linger = new Deadline(VIOLATION_LINGER_MS, () => this.terminate());
  }

  #end(code: number, reason: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    const farewell = this.#farewell;
    listener?.onClose(farewell?.code ?? code, farewell?.reason ?? reason);
  }
}

function sizeOf(event: Event): number {
  return HELD_OVERHEAD + ('data' in event ? event.data.length : 0);
}
