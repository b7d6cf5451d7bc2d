import { Duplex } from 'node:stream';
import type { Extension } from '@serval/api';
import { Deadline, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import type { RawData, WebSocket } from 'ws';
import { progressOf } from './socket-progress';

/** How long a peer that broke the protocol has to take our close frame before the connection is dropped. */
const VIOLATION_LINGER_MS = 1000;

// ws names what a peer did wrong by error codes; all that are not listed are protocol errors.
const CLOSE_CODES = new Map([
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1009],
  ['WS_ERR_INVALID_UTF8', 1007],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008],
]);

const WHOLE_TEXT = { binary: false, fin: true };
const PART_OF_TEXT = { binary: false, fin: false };
const WHOLE_BINARY = { binary: true, fin: true };
const PART_OF_BINARY = { binary: true, fin: false };

/** What ws does not tell about its connection. */
export interface WsConnectionFacts {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  /** Called once, when a message that the listener wants in parts is delivered whole. */
  readonly deliveredWhole?: (() => void) | undefined;
  /** Bytes of the payload of a data frame that is sent, before ws compresses it; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
}

/**
 * A {@link Transport} over an open WebSocket of the ws library.
 *
 * ws delivers whole messages only, so a listener that wants parts receives each message as one last part.
 */
export class WsTransport implements Transport {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  #listener: TransportListener | undefined;
  #linger: Deadline | undefined;
  #deliveredWhole: (() => void) | undefined;
  readonly #maxFrameBytes: number;

  constructor(
    private readonly webSocket: WebSocket,
    facts: WsConnectionFacts,
  ) {
    this.extensions = facts.extensions;
    this.isSecure = facts.isSecure;
    this.remoteAddress = facts.remoteAddress;
    this.#deliveredWhole = facts.deliveredWhole;
    this.#maxFrameBytes = facts.maxFrameBytes || Infinity;
    // From now on, so that an error before open() cannot end the process.
    webSocket.on('error', (error) => this.#failed(error));
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.webSocket.on('message', (data, isBinary) => this.#received(data, isBinary));
    this.webSocket.on('ping', () => this.#listener?.onPing());
    this.webSocket.on('pong', (data) => this.#listener?.onPong(data));
    this.webSocket.on('close', (code, reason) => {
      this.#linger?.clear();
      this.#end(code, reason.toString());
    });
  }

  sendText(text: string, last: boolean, done?: SendCallback): void {
    // At most three bytes for each UTF-16 unit.
    const bytes = text.length * 3 > this.#maxFrameBytes ? Buffer.from(text) : undefined;
    if (bytes !== undefined && bytes.length > this.#maxFrameBytes) this.#sendInFrames(bytes, false, last, done);
    else this.webSocket.send(text, last ? WHOLE_TEXT : PART_OF_TEXT, done as (error?: Error) => void);
  }

  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    if (data.byteLength > this.#maxFrameBytes) this.#sendInFrames(data, true, last, done);
    else this.webSocket.send(data, last ? WHOLE_BINARY : PART_OF_BINARY, done as (error?: Error) => void);
  }

  /** RFC 6455 5.4: each part is a frame of its own; text may be cut within a character. */
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
    this.webSocket.close(code, reason);
    // The peer's close frame must be read, whatever stopped the reading before.
    this.webSocket.resume();
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  get progress(): number {
    // ws does not show it otherwise.
    const socket: unknown = Reflect.get(this.webSocket, '_socket');
    return socket instanceof Duplex ? progressOf(socket) : 0;
  }

  #received(data: RawData, isBinary: boolean): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    // ws's default binary type gives Buffers.
    const bytes = data as Buffer;
    const { inParts, maxBytes } = isBinary ? listener.binaryRule : listener.textRule;
    if (inParts) this.#tellDeliveredWhole();
    if (!inParts && bytes.length > maxBytes) {
      this.#violation(1009, `The message has ${bytes.length} bytes; at most ${maxBytes} are taken.`);
    } else if (isBinary) {
      listener.onBinary(bytes, true);
    } else {
      listener.onText(bytes.toString(), true);
    }
  }

  #tellDeliveredWhole(): void {
    const tell = this.#deliveredWhole;
    this.#deliveredWhole = undefined;
    tell?.();
  }

  #failed(error: Error & { readonly code?: string }): void {
    this.#listener?.onError(error);
    if (error.code?.startsWith('WS_ERR_') === true) this.#violation(CLOSE_CODES.get(error.code) ?? 1002, error.message);
  }

  /** The peer broke a rule: tell it, and do not wait long for its answer. ws has sent its own close frame already, if any. */
  #violation(code: number, reason: string): void {
    this.close(code, reason);
    this.#linger = new Deadline(VIOLATION_LINGER_MS, () => this.terminate());
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(code, reason);
  }
}
