import type { Duplex } from 'node:stream';
import type { Extension } from '@serval/api';
import { Deadline, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import { formatCloseFrame, parseCloseFrame, ProtocolViolation, type CloseFrame } from './close-frame';
import {
  failure,
  LOST,
  nextHandshakePhase,
  nextStreamPhase,
  VIOLATION_LINGER_MS,
  type Farewell,
  type HandshakeEvent,
  type HandshakePhase,
  type StreamEvent,
  type StreamPhase,
} from './closing';
import { OPCODE } from './frame-parser';
import type { MaskMemory } from './mask';
import type { MessageDeflate } from './message-deflate';
import { Reading, type ReadingHost } from './reading';
import { Sending, type SendingHost } from './sending';
import { shareReads } from './shared-reads';
import { sharedReadsWork, whenSharedReadsWork } from './shared-reads-trial';
import { dropSocket, progressOf, readBuffered, writeTogether } from './sockets';

const OWNER = Symbol('connection');

/** A socket that a connection has taken over. */
type OwnedSocket = Duplex & { [OWNER]: Connection };

/** The parts of a new connection. */
export interface ConnectionParts {
  /** Which side of the connection this is. */
  readonly role: 'server' | 'client';
  readonly socket: Duplex;
  /** The bytes that the peer sent right behind the handshake. */
  readonly head: Buffer;
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  readonly deflate: MessageDeflate | undefined;
  readonly maxFragments: number;
  /** Bytes of the payload of a data frame that is sent; a longer message leaves in several frames. 0 or undefined for no limit. */
  readonly maxFrameBytes?: number | undefined;
  /** Whether to read into a buffer that all connections share, if the socket can. */
  readonly sharesReads: boolean;
  /** How long the peer may take to finish the TCP connection once both close frames have passed. */
  readonly closeTimeoutMs: number;
}

/**
 * A WebSocket connection on its raw socket: the only file that touches one.
 *
 * `reading.ts` brings the bytes of the socket to the listener; `sending.ts` brings messages to the socket. This class
 * gives both of them their socket, answers control frames, and ends the connection by the phases of `closing.ts`.
 */
export class Connection implements Transport, ReadingHost, SendingHost {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  readonly isClient: boolean;
  readonly #socket: Duplex;
  readonly #reading: Reading;
  readonly #maxFrameBytes: number | undefined;
  /** While something is being sent, and as long as the connection compresses: most connections are idle. */
  #sendingNow: Sending | undefined;
  /** Until the listener's last call. */
  #listener: TransportListener | undefined;
  /** Until the socket is closed and everything that came from it is delivered. */
  #deflate: MessageDeflate | undefined;
  readonly #closeTimeoutMs: number;
  #handshake: HandshakePhase = 'open';
  #stream: StreamPhase = 'open';
  #farewell: Farewell | undefined;
  #toldLeaving = false;
  #linger: Deadline | undefined;

  constructor(parts: ConnectionParts) {
    const { socket, role, deflate } = parts;
    this.#socket = socket;
    this.isClient = role === 'client';
    this.isSecure = parts.isSecure;
    this.remoteAddress = parts.remoteAddress;
    this.#deflate = deflate;
    this.#closeTimeoutMs = parts.closeTimeoutMs;
    this.extensions = deflate === undefined ? NO_EXTENSIONS : [deflate.extension];
    // Otherwise Node ends and destroys the socket right behind the peer's FIN, whatever is held back by then.
    socket.allowHalfOpen = true;
    if (socket.readableEnded) this.#streamEvent('end');
    // The same functions for all sockets: closures would weigh more than everything else that an idle connection needs.
    (socket as OwnedSocket)[OWNER] = this;
    socket.on('error', Connection.#onError);
    socket.on('close', Connection.#onClose);
    socket.on('end', Connection.#onEnd);
    const early = readBuffered(socket);
    const sharesReads = parts.sharesReads && sharedReadsWork() && shareReads(socket, Connection.#onSharedRead);
    this.#reading = new Reading(this, parts.maxFragments, 'encrypted' in socket);
    this.#maxFrameBytes = parts.maxFrameBytes;
    for (const bytes of [parts.head, early]) if (bytes.length > 0) this.#reading.holdBack(bytes);
    if (!sharesReads) {
      socket.on('data', Connection.#onData);
      // The verdict may be still to come.
      if (parts.sharesReads && !sharedReadsWork()) whenSharedReadsWork(() => this.#shareReads());
    }
    socket.resume();
  }

  /** The trial has ended after the connection opened. */
  #shareReads(): void {
    const socket = this.#socket;
    if (this.#stream !== 'open' || socket.readableLength > 0) return;
    socket.off('data', Connection.#onData);
    if (!shareReads(socket, Connection.#onSharedRead)) socket.on('data', Connection.#onData);
    // Only now does a pause reach the handle.
    else if (socket.isPaused()) socket.pause();
  }

  static #onError(this: Duplex, error: Error): void {
    (this as OwnedSocket)[OWNER].#listener?.onError(error);
  }

  static #onClose(this: Duplex): void {
    (this as OwnedSocket)[OWNER].#socketClosed();
  }

  static #onEnd(this: Duplex): void {
    (this as OwnedSocket)[OWNER].#socketEnded();
  }

  static #onData(this: Duplex, chunk: Buffer): void {
    (this as OwnedSocket)[OWNER].#reading.receive(chunk);
  }

  static #onSharedRead(this: Duplex, buffer: Buffer, length: number, maskMemory: MaskMemory): void {
    (this as OwnedSocket)[OWNER].#reading.receiveShared(buffer, length, maskMemory);
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    // The peer may have gone before anybody listened.
    if (this.#socket.closed) setImmediate(() => this.#socketClosed());
  }

  // --- receiving ------------------------------------------------------------------------------------------------------

  pause(): void {
    // Once ours is sent, or the peer has said its last, the socket must be read whatever happens.
    if (this.#handshake === 'open') this.#reading.pause();
  }

  resume(): void {
    this.#reading.resume();
  }

  get deflate(): MessageDeflate | undefined {
    return this.#deflate;
  }

  get listener(): TransportListener | undefined {
    return this.#listener;
  }

  get isGone(): boolean {
    return this.#stream === 'dropped' || this.#stream === 'closed';
  }

  pauseSocket(): void {
    this.#socket.pause();
  }

  resumeSocket(): void {
    if (this.#stream === 'open') this.#socket.resume();
    // The end that came during the pause is handled now, in another turn.
    else this.#reading.catchUp();
  }

  onReadStart(): void {
    this.#lazySending().startRead();
  }

  onReadEnd(): void {
    this.#lazySending().endRead();
    this.onFlushed();
  }

  onTurnEnd(): void {
    if (this.isGone) this.#finishIfDelivered();
    else if (this.#reading.isFlowing) this.#socket.resume();
    if (this.#stream === 'ended') this.#socketEnded();
  }

  onPing(payload: Buffer): void {
    this.#listener?.onPing();
    this.#lazySending().answerPing(payload);
  }

  onPong(payload: Buffer): void {
    this.#listener?.onPong(payload);
  }

  /** @throws ProtocolViolation */
  onCloseFrame(payload: Buffer): void {
    const { code, reason } = parseCloseFrame(payload);
    this.#endReceiving({ kind: 'close frame', code, reason });
  }

  onCloseAhead(close: CloseFrame | undefined): void {
    this.#tellLeaving(close);
  }

  /** The peer broke a rule (RFC 6455 7.1.7). Its earlier messages are handled and answered, as before a close frame. */
  onViolation(violation: ProtocolViolation): void {
    this.#listener?.onError(violation);
    this.#endReceiving(failure(violation));
  }

  #tellLeaving(close?: CloseFrame): void {
    if (this.#toldLeaving || this.#farewell !== undefined) return;
    this.#toldLeaving = true;
    this.#listener?.onPeerLeaving?.(close);
  }

  // --- sending --------------------------------------------------------------------------------------------------------

  sendText(text: string, last: boolean, done?: SendCallback): void {
    this.#lazySending().sendData(OPCODE.text, text, text.length, last, done);
  }

  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    this.#lazySending().sendData(OPCODE.binary, data, data.byteLength, last, done);
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.#lazySending().ping(data, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.#lazySending().pong(data, done);
  }

  #lazySending(): Sending {
    return (this.#sendingNow ??= new Sending(this, this.#deflate, this.#maxFrameBytes));
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + (this.#sendingNow?.bytes ?? 0);
  }

  get progress(): number {
    return progressOf(this.#socket);
  }

  get canSend(): boolean {
    const isClosing = this.#handshake === 'sent' || this.#handshake === 'complete';
    return !isClosing && !this.isGone && this.#socket.writable;
  }

  get canWrite(): boolean {
    return this.#socket.writable;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  write(chunks: readonly Buffer[], callbacks: readonly SendCallback[] | undefined): void {
    writeTogether(this.#socket, chunks, callbacks);
  }

  onFlushed(): void {
    if (this.#sendingNow?.isIdle === true) this.#sendingNow = undefined;
  }

  onLineFree(): void {
    if (this.#stream === 'ended') this.#socketEnded();
  }

  /** The connection cannot go on, not even for messages that are still to be sent. */
  onLineFailed(error: Error): void {
    this.#sendingNow?.dropLine();
    if (this.#farewell !== undefined || this.isGone) return;
    const violation = new ProtocolViolation(1011, 'internal error', error);
    this.#listener?.onError(violation);
    this.#receivedLast(failure(violation));
    if (this.#handshake === 'complete') {
      this.#endConnection();
      this.#finish();
    } else this.close(violation.closeCode, violation.message);
  }

  // --- closing --------------------------------------------------------------------------------------------------------

  close(code: number | undefined, reason: string): void {
    const before = this.#handshake;
    if (this.isGone || before === 'sent' || before === 'complete') return;
    this.#handshakeEvent('send');
    this.#lazySending().close(formatCloseFrame(code, reason));
    // The peer's close frame must be read, whatever stopped the reading before.
    if (before === 'open') this.resume();
    else setImmediate(() => this.#finish());
  }

  onCloseWritten(): void {
    if (this.#handshake === 'complete') this.#endConnection();
  }

  terminate(): void {
    this.#reading.end();
    const wasClosed = this.#stream === 'closed';
    this.#streamEvent('drop');
    dropSocket(this.#socket);
    // The listener's last call waited behind bytes that were held back.
    if (wasClosed) setImmediate(() => this.#finishIfDelivered());
  }

  /** RFC 6455 5.5.1: the listener answers, unless our close frame went first. */
  #endReceiving(farewell: Farewell): void {
    this.#receivedLast(farewell);
    // Bytes that still come are thrown away; they must be read for the peer's FIN to be seen.
    this.#socket.resume();
    if (this.isGone) return;
    if (this.#handshake === 'complete') {
      if (this.#sendingNow?.isHeld !== true) this.#endConnection();
      this.#finish();
      return;
    }
    const { code, reason } = farewell;
    const listener = this.#listener;
    if (listener?.onClosing === undefined) this.close(code === 1005 ? undefined : code, reason);
    else listener.onClosing(code, reason);
  }

  #receivedLast(farewell: Farewell): void {
    this.#farewell = farewell;
    this.#handshakeEvent('receive');
    this.#reading.end();
  }

  /**
   * Both close frames have passed, or the peer broke the protocol: the TCP connection ends, by the server if all is well
   * (RFC 6455 7.1.1), and is dropped if the peer does not do its part in time.
   */
  #endConnection(): void {
    this.#sendingNow?.flush();
    const hasFailed = this.#farewell?.kind === 'failure';
    if (!this.isClient || hasFailed || this.#stream === 'ended') this.#endSocket();
    this.#socket.resume();
    const patience = hasFailed ? VIOLATION_LINGER_MS : this.#closeTimeoutMs;
    this.#linger?.clear();
    this.#linger = new Deadline(patience, () => dropSocket(this.#socket));
  }

  /** The peer's FIN ends the connection, once everything that it sent before is handled and answered. */
  #socketEnded(): void {
    if (this.isGone) return;
    this.#streamEvent('end');
    this.#tellLeaving();
    // Its close frame is still to be answered: a peer that ends its side may read on.
    if (this.#handshake === 'received' || this.#reading.holdsBack || this.#sendingNow?.isHeld === true) return;
    this.#sendingNow?.flush();
    this.#endSocket();
    if (this.#farewell === undefined) this.#endConnection();
  }

  /** A second end() makes an error with its stack, which nobody sees. */
  #endSocket(): void {
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #socketClosed(): void {
    this.#streamEvent('close');
    this.#linger?.clear();
    this.#sendingNow?.drop();
    this.#reading.holdBack(readBuffered(this.#socket));
    if (this.#reading.holdsBack) this.#tellLeaving();
    this.#finishIfDelivered();
  }

  /** Bytes that have arrived belong to the listener, even if the connection was reset behind them. */
  #finishIfDelivered(): void {
    if (this.#reading.holdsBack) {
      this.#reading.catchUp();
      return;
    }
    this.#reading.end();
    this.#deflate?.close();
    this.#deflate = undefined;
    this.#finish();
  }

  /** The listener's last call. */
  #finish(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    const { code, reason } = this.#farewell ?? LOST;
    listener?.onClose(code, reason);
  }

  #handshakeEvent(event: HandshakeEvent): void {
    this.#handshake = nextHandshakePhase(this.#handshake, event);
  }

  #streamEvent(event: StreamEvent): void {
    this.#stream = nextStreamPhase(this.#stream, event);
  }
}

const NO_EXTENSIONS: readonly Extension[] = [];
