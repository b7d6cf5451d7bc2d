import type { Duplex } from 'node:stream';
import type { Extension } from '@serval/api';
import { Deadline, type SendCallback, type Transport, type TransportListener } from '@serval/api/spi';
import { formatCloseFrame, parseCloseFrame, validCloseFrame, type CloseFrame } from './close-frame';
import { CompressionLine } from './compression-line';
import type { ConnectionParts } from './connection-parts';
import { FrameParser, OPCODE, type FrameHandler } from './frame-parser';
import { FrameWriter } from './frame-writer';
import { lookAhead, type AheadListener } from './look-ahead';
import { MessageAssembler } from './message-assembler';
import type { MessageDeflate } from './message-deflate';
import { ProtocolViolation } from './protocol-violation';
import { shareReads } from './shared-reads';
import { sharedReadsWork } from './shared-reads-trial';
import { progressOf } from './socket-progress';

const FIN = 0x80;
const RSV1 = 0x40;

/** How long a peer that broke the protocol has to take our close frame before the connection is dropped. */
const VIOLATION_LINGER_MS = 1000;

/** A send waits for the end of the loop turn, unless so much has been collected before. */
const FLUSH_AT_BYTES = 65_536;

/** So much is read of a paused connection before its socket is paused as well. */
const HELD_BACK_BYTES = 16_384;

/**
 * A connection is parsed for so much in one turn of the event loop; then others have theirs. A frame counts as one, and each
 * KiB of its payload as another.
 */
const WORK_PER_TURN = 256;

/** RFC 9113 7. */
const CANCEL = 0x8;

const OWNER = Symbol('connection');

/** A socket that a connection has taken over. */
type OwnedSocket = Duplex & { [OWNER]: Connection };

/**
 * A WebSocket connection on its raw socket: the only file that touches one.
 *
 * What arrives goes through frame-parser and message-assembler to the listener; control frames are answered here. What is
 * sent is collected by the frame writer and written once: at the end of a read for what was sent while it was handled,
 * at the end of the loop turn for everything else.
 */
export class Connection implements Transport, FrameHandler, AheadListener {
  readonly extensions: readonly Extension[];
  readonly isSecure: boolean;
  readonly remoteAddress: string | undefined;
  readonly #socket: Duplex;
  /** While something arrives: between two messages there is nothing to remember, and many connections are idle. */
  #parser: FrameParser | undefined;
  #assembler: MessageAssembler | undefined;
  readonly #maxFragments: number;
  readonly #sharesReads: boolean;
  /** Until the socket is closed and all that came from it is delivered. */
  #deflate: MessageDeflate | undefined;
  readonly #closeTimeoutMs: number;
  readonly #isClient: boolean;
  readonly #maxFrameBytes: number;
  #writer: FrameWriter | undefined;
  #listener: TransportListener | undefined;
  #paused = true;
  /** What arrived and waits for resume(); the parser stops between frames. */
  #unparsed: Buffer | undefined;
  /** Where to look on for control frames, from the end of `#unparsed`; undefined before the first look. */
  #lookFrom: number | undefined;
  /** Pings that wait to be parsed and have been answered already. */
  #pingsAnswered = 0;
  #peerLeaves = false;
  #parsing = false;
  /** What has been parsed in the turn. */
  #work = 0;
  #turn = 0;
  #willGoOn = false;
  #closeSent = false;
  /** The peer's close frame, or why its connection is failed: nothing more is received. */
  #farewell: Farewell | undefined;
  /** The socket is closed, or about to be: nothing more is written. */
  #gone = false;
  /** The socket has told its end. */
  #isClosed = false;
  /** Dropped by us: what is held back is dropped with it. */
  #dropped = false;
  /** The peer's FIN came while something that it had sent, or is to be sent to it, was held back. */
  #ended: boolean;
  /** The opcode with which the next part of a partial message goes out. */
  #nextOpcode: number | undefined;
  #pongWaits = false;
  #owedPong: Buffer | undefined;
  /** Data frames of a connection with compression, which may have to wait. */
  readonly #line: CompressionLine | undefined;
  /** Whether the message that is being sent in parts is compressed. */
  #compresses = false;
  #waitsForFlush = false;
  #callbacks: SendCallback[] | undefined;
  #linger: Deadline | undefined;

  constructor(parts: ConnectionParts) {
    this.#socket = parts.socket;
    this.#isClient = parts.role === 'client';
    // Of the data frames that are sent.
    this.#maxFrameBytes = parts.maxFrameBytes || Infinity;
    this.isSecure = parts.isSecure;
    this.remoteAddress = parts.remoteAddress;
    this.#deflate = parts.deflate;
    this.#closeTimeoutMs = parts.closeTimeoutMs;
    this.extensions = parts.deflate === undefined ? NO_EXTENSIONS : [parts.deflate.extension];
    this.#maxFragments = parts.maxFragments;
    this.#line =
      parts.deflate &&
      new CompressionLine(
        parts.deflate,
        (first, payload, done) => this.#write(first, payload, done),
        () => this.#ended && this.#socketEnded(),
        (error) => {
          this.#dropLine();
          this.#breakOff(new ProtocolViolation(1011, 'internal error', error));
        },
      );
    if (parts.head.length > 0) this.#unparsed = Buffer.from(parts.head);
    const socket = parts.socket;
    // Else Node ends and destroys the socket right behind the peer's FIN, whatever is held back here by then.
    socket.allowHalfOpen = true;
    this.#ended = socket.readableEnded;
    // The same functions for all sockets: closures would weigh more than all else that an idle connection needs.
    (socket as OwnedSocket)[OWNER] = this;
    socket.on('error', Connection.#onError);
    socket.on('close', Connection.#onClose);
    socket.on('end', Connection.#onEnd);
    // What came before anybody read.
    this.#takeBuffered();
    this.#sharesReads = parts.sharesReads && sharedReadsWork() && shareReads(socket, Connection.#onData);
    if (!this.#sharesReads) socket.on('data', Connection.#onData);
    socket.resume();
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
    (this as OwnedSocket)[OWNER].#received(chunk);
  }

  // --- receiving ----------------------------------------------------------------------------------------------------

  open(listener: TransportListener): void {
    this.#listener = listener;
    // The peer may have gone before anybody listened.
    if (this.#socket.closed) setImmediate(() => this.#socketClosed());
  }

  pause(): void {
    // Once ours is sent, or the peer has said its last, the socket must be read whatever happens.
    if (this.#closeSent || this.#farewell !== undefined) return;
    this.#paused = true;
    this.#limitHeldBack();
  }

  /** A paused connection still learns that its peer has gone, so it reads on until enough is held back. */
  #limitHeldBack(): void {
    this.#lookAhead();
    if (this.#unparsed !== undefined && this.#unparsed.length >= HELD_BACK_BYTES) this.#socket.pause();
  }

  /** So that a busy handler behind which messages wait does not make the peer take this side for dead. */
  #lookAhead(): void {
    const bytes = this.#unparsed;
    if (bytes === undefined || !this.#paused || this.#gone) return;
    const from = this.#lookFrom === undefined ? this.#nextFrameAt : Math.max(0, bytes.length + this.#lookFrom);
    // A listener that pauses when it hears of a ping looks again, and must not find the same ping.
    this.#lookFrom = Infinity;
    this.#lookFrom = lookAhead(bytes, from, !this.#isClient, this) - bytes.length;
  }

  /** Where in what is held back the next frame begins. */
  get #nextFrameAt(): number {
    return this.#parser === undefined ? 0 : (this.#parser.leftOfFrame ?? Infinity);
  }

  onPingAhead(payload: Buffer): void {
    this.#pingsAnswered += 1;
    this.#answerPing(payload);
  }

  onCloseAhead(payload: Buffer): void {
    this.#tellLeaving(validCloseFrame(payload));
  }

  #tellLeaving(close?: CloseFrame): void {
    if (this.#peerLeaves || this.#farewell !== undefined) return;
    this.#peerLeaves = true;
    this.#listener?.onPeerLeaving?.(close);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#holdsBack || this.#ended) this.#goOnLater();
    else this.#socket.resume();
  }

  /** Whether something has arrived that is not yet with the listener. */
  get #holdsBack(): boolean {
    return this.#unparsed !== undefined || this.#willGoOn || this.#hasBacklog;
  }

  /** Whether a compressed message has arrived that is not inflated yet. */
  get #hasBacklog(): boolean {
    return this.#assembler?.hasBacklog === true;
  }

  /** In a turn of its own: the listener is never called from inside resume, and others have their turn. */
  #goOnLater(): void {
    if (this.#willGoOn) return;
    this.#willGoOn = true;
    setImmediate(() => {
      this.#willGoOn = false;
      // Paused again meanwhile.
      if (this.#paused) return;
      const rest = this.#unparsed;
      this.#unparsed = undefined;
      this.#parse(rest ?? NO_BYTES);
      if (this.#gone) this.#finishIfDelivered();
      else if (!this.#holdsBack && !this.#paused) this.#socket.resume();
      if (this.#ended) this.#socketEnded();
    });
  }

  /** Node keeps bytes of a socket that nobody reads, or that is paused; of a destroyed one, too. */
  #takeBuffered(): void {
    const socket = this.#socket;
    const bytes: unknown = socket.readableLength > 0 ? socket.read() : null;
    if (Buffer.isBuffer(bytes)) this.#holdBack(bytes);
  }

  #received(chunk: Buffer): void {
    if (this.#farewell !== undefined) return;
    if (!this.#paused && !this.#holdsBack) {
      this.#parse(chunk, this.#sharesReads);
      return;
    }
    this.#holdBack(chunk);
    this.#limitHeldBack();
  }

  #holdBack(chunk: Buffer): void {
    if (this.#lookFrom !== undefined) this.#lookFrom -= chunk.length;
    this.#unparsed = Buffer.concat([this.#unparsed ?? NO_BYTES, chunk]);
  }

  /** @param isShared whether the bytes are valid only now */
  #parse(chunk: Buffer, isShared = false): void {
    if (this.#farewell !== undefined || this.#dropped) return;
    if (this.#turn !== turnOf()) {
      this.#turn = turn;
      this.#work = 0;
    }
    this.#parser ??= new FrameParser(this, !this.#isClient, this.#deflate !== undefined);
    this.#parsing = true;
    try {
      if (this.#hasBacklog && !this.#paused) this.#assembler?.inflateOn();
      const rest = this.#hasBacklog ? chunk : this.#parser.parse(chunk);
      // What stands behind a close frame is nobody's (RFC 6455 5.5.1).
      if (rest !== undefined && rest.length > 0 && this.#farewell === undefined)
        this.#unparsed = isShared ? Buffer.from(rest) : rest;
      else this.#lookFrom = undefined;
    } catch (error) {
      // Whatever it is, it ends this connection and not the process.
      this.#fail(error instanceof ProtocolViolation ? error : new ProtocolViolation(1011, 'internal error', error));
    } finally {
      this.#parsing = false;
      this.#flush();
    }
    if (this.#assembler?.isIdle === true) this.#assembler = undefined;
    if (this.#parser.isIdle) this.#parser = undefined;
    this.#limitHeldBack();
    const hasMore = this.#hasBacklog || this.#unparsed !== undefined || this.#work >= WORK_PER_TURN;
    if (!hasMore || this.#paused || this.#farewell !== undefined) return;
    // A peer that sends much, or a compressed message that becomes a large one, takes turns with other connections.
    this.#socket.pause();
    this.#goOnLater();
  }

  get isStopped(): boolean {
    return (
      this.#paused || this.#farewell !== undefined || this.#dropped || this.#hasBacklog || this.#work >= WORK_PER_TURN
    );
  }

  onDataFrame(opcode: number, final: boolean, compressed: boolean, length: number): void {
    if (this.#assembler === undefined) {
      this.#assembler = new MessageAssembler(this.#maxFragments, this.#deflate, this, this.#sharesReads);
      if (this.#listener !== undefined) this.#assembler.open(this.#listener);
    }
    this.#assembler.beginFrame(opcode, final, compressed, length);
  }

  onData(bytes: Buffer, ends: boolean): void {
    this.#work += 1 + (bytes.length >>> 10);
    this.#assembler?.takeData(bytes, ends);
  }

  onControlFrame(opcode: number, bytes: Buffer): void {
    this.#work += 1;
    const payload = this.#sharesReads ? Buffer.from(bytes) : bytes;
    if (opcode === OPCODE.ping) this.#pingParsed(payload);
    else if (opcode === OPCODE.pong) this.#listener?.onPong(payload);
    else this.#receiveClose(payload);
  }

  #pingParsed(payload: Buffer): void {
    if (this.#pingsAnswered > 0) this.#pingsAnswered -= 1;
    else this.#answerPing(payload);
  }

  /**
   * While a pong waits behind a socket that is full, only the latest ping is kept to be answered (RFC 6455 5.5.3), so a
   * peer that pings and does not read costs nothing more.
   */
  #answerPing(payload: Buffer): void {
    this.#listener?.onPing();
    if (this.#pongWaits) {
      this.#owedPong = payload;
      return;
    }
    this.#pongWaits = this.#socket.writableLength > 0;
    this.#send(FIN | OPCODE.pong, payload, this.#pongWaits ? () => this.#pongWritten() : undefined);
  }

  #pongWritten(): void {
    this.#pongWaits = false;
    const owed = this.#owedPong;
    this.#owedPong = undefined;
    if (owed !== undefined) this.#send(FIN | OPCODE.pong, owed, undefined);
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  sendText(text: string, last: boolean, done?: SendCallback): void {
    this.#sendData(OPCODE.text, text, text.length, last, done);
  }

  sendBinary(data: Uint8Array, last: boolean, done?: SendCallback): void {
    this.#sendData(OPCODE.binary, data, data.byteLength, last, done);
  }

  ping(data: Uint8Array, done?: SendCallback): void {
    this.#send(FIN | OPCODE.ping, data, done);
  }

  pong(data: Uint8Array, done?: SendCallback): void {
    this.#send(FIN | OPCODE.pong, data, done);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength + (this.#writer?.bytes ?? 0) + (this.#line?.bytes ?? 0);
  }

  get progress(): number {
    return progressOf(this.#socket);
  }

  /** @param size in bytes, or for a text at least in characters */
  #sendData(
    opcode: number,
    payload: string | Uint8Array,
    size: number,
    last: boolean,
    done: SendCallback | undefined,
  ): void {
    const begins = this.#nextOpcode === undefined;
    // A message's own opcode comes first, then continuation.
    const first = (last ? FIN : 0) | (this.#nextOpcode ?? opcode);
    this.#nextOpcode = last ? undefined : OPCODE.continuation;
    if (this.#line === undefined || this.#isOver) {
      this.#send(first, payload, done);
      return;
    }
    if (begins) this.#compresses = this.#deflate?.compresses(size) === true;
    const compresses = this.#compresses;
    // RFC 7692 6.1: the bit stands on the first frame of a message.
    this.#line.send({ first: begins && compresses ? first | RSV1 : first, payload, last, compresses, done });
  }

  #send(first: number, payload: string | Uint8Array, done: SendCallback | undefined): void {
    if (!this.#isOver) this.#write(first, payload, done);
    else if (done !== undefined) setImmediate(done, new Error('the connection is closed'));
  }

  /** Whether nothing more can be sent. */
  get #isOver(): boolean {
    return this.#closeSent || this.#gone || !this.#socket.writable;
  }

  #write(first: number, payload: string | Uint8Array, done: SendCallback | undefined): void {
    const writer = (this.#writer ??= new FrameWriter(this.#isClient, this.#maxFrameBytes));
    if (typeof payload === 'string') writer.writeText(first, payload);
    else writer.writeBinary(first, payload);
    if (done !== undefined) (this.#callbacks ??= []).push(done);
    if ((first & 0x0f) === OPCODE.close) this.#closeWritten();
    else if (writer.bytes >= FLUSH_AT_BYTES) this.#flush();
    else if (!this.#parsing && !this.#waitsForFlush) this.#flushLater();
  }

  #flushLater(): void {
    this.#waitsForFlush = true;
    if (dirty.push(this) === 1) setImmediate(flushAll);
  }

  flush(): void {
    this.#waitsForFlush = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#writer === undefined) return;
    const socket = this.#socket;
    // Behind a socket that is full a frame may wait for long.
    const chunks = this.#writer.take(socket.writableLength > 0);
    this.#writer = undefined;
    // Destroyed since the frames were collected; their callbacks learn it with its end.
    if (!socket.writable) return;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    const written =
      callbacks &&
      ((error?: Error | null): void => {
        // node:net calls a write that was under way when the socket was destroyed a success.
        const outcome = error ?? (socket.destroyed ? new Error('the connection is closed') : undefined);
        for (const callback of callbacks) callback(outcome);
      });
    const [only] = chunks;
    if (chunks.length === 1 && only !== undefined) {
      socket.write(only, written);
      return;
    }
    socket.cork();
    for (const [index, chunk] of chunks.entries())
      socket.write(chunk, index === chunks.length - 1 ? written : undefined);
    socket.uncork();
  }

  // --- closing ------------------------------------------------------------------------------------------------------

  close(code: number | undefined, reason: string): void {
    if (this.#closeSent || this.#gone) return;
    this.#closeSent = true;
    const first = FIN | OPCODE.close;
    const payload = formatCloseFrame(code, reason);
    if (this.#line?.isHeld === true)
      this.#line.send({ first, payload, last: true, compresses: false, done: undefined });
    else this.#write(first, payload, undefined);
    // The peer's close frame must be read, whatever stopped the reading before.
    if (this.#farewell === undefined) this.resume();
    else setImmediate(() => this.#finish());
  }

  /** Our close frame has been sent; it may still wait behind a message that is being compressed. */
  #closeWritten(): void {
    if (this.#line?.isHeld === true) return;
    // At once, so that terminate() right behind close() does not overtake the frame.
    this.#flush();
    if (this.#farewell !== undefined) this.#endConnection();
  }

  terminate(): void {
    this.#gone = true;
    this.#dropped = true;
    this.#drop();
    // Its end was kept back behind what is held back.
    if (this.#isClosed) setImmediate(() => this.#finishIfDelivered());
  }

  #drop(): void {
    const socket: Duplex & { readonly rstCode?: number; close?(code: number): void } = this.#socket;
    // RFC 8441 5: what is a reset of a TCP connection is RST_STREAM with CANCEL on a stream of HTTP/2.
    if (socket.rstCode !== undefined) socket.close?.(CANCEL);
    socket.destroy();
  }

  #receiveClose(payload: Buffer): void {
    const { code, reason } = parseCloseFrame(payload);
    this.#endReceiving({ kind: 'close frame', code, reason });
  }

  /** The peer broke a rule (RFC 6455 7.1.7). What it sent before is handled and answered, as before a close frame. */
  #fail(violation: ProtocolViolation): void {
    this.#listener?.onError(violation);
    this.#endReceiving(failure(violation));
  }

  /** The connection cannot go on, not even for what is still to be sent. */
  #breakOff(violation: ProtocolViolation): void {
    if (this.#farewell !== undefined || this.#gone) return;
    this.#listener?.onError(violation);
    this.#farewell = failure(violation);
    if (this.#closeSent) {
      this.#endConnection();
      this.#finish();
    } else this.close(violation.closeCode, violation.message);
  }

  /** RFC 6455 5.5.1: the listener answers, unless our close frame went first. */
  #endReceiving(farewell: Farewell): void {
    this.#farewell = farewell;
    // What still comes is thrown away; it must be read for the peer's FIN to be seen.
    this.#paused = false;
    this.#unparsed = undefined;
    this.#socket.resume();
    if (this.#gone) return;
    if (this.#closeSent) {
      this.#closeWritten();
      this.#finish();
      return;
    }
    const { code, reason } = farewell;
    const listener = this.#listener;
    if (listener?.onClosing === undefined) this.close(code === 1005 ? undefined : code, reason);
    else listener.onClosing(code, reason);
  }

  /**
   * Both close frames are there, or the peer broke the protocol: the TCP connection ends, by the server if all is well
   * (RFC 6455 7.1.1), and is dropped if the peer does not do its part in time.
   */
  #endConnection(): void {
    this.#flush();
    const hasFailed = this.#farewell?.kind === 'failure';
    if (!this.#isClient || hasFailed || this.#ended) this.#socket.end();
    this.#socket.resume();
    const patience = hasFailed ? VIOLATION_LINGER_MS : this.#closeTimeoutMs;
    this.#linger?.clear();
    this.#linger = new Deadline(patience, () => this.#drop());
  }

  /** The peer's FIN ends the connection, once what it sent before has been handled and answered. */
  #socketEnded(): void {
    if (this.#gone) return;
    this.#ended = true;
    this.#tellLeaving();
    // Its close frame is still to be answered: a peer that ends its side may read on.
    const isAwaited = this.#farewell !== undefined && !this.#closeSent;
    if (isAwaited || this.#holdsBack || this.#line?.isHeld === true) return;
    this.#flush();
    this.#socket.end();
    if (this.#farewell === undefined) this.#endConnection();
  }

  #dropLine(): void {
    for (const { done } of this.#line?.drop() ?? [])
      if (done !== undefined) setImmediate(done, new Error('the connection is closed'));
  }

  #socketClosed(): void {
    this.#gone = true;
    this.#isClosed = true;
    this.#linger?.clear();
    this.#dropLine();
    this.#writer?.take(false);
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.forEach((callback) => callback(new Error('the connection is closed')));
    this.#takeBuffered();
    if (this.#holdsBack) this.#tellLeaving();
    this.#finishIfDelivered();
  }

  /** What has arrived belongs to the listener, even where the connection was reset behind it. */
  #finishIfDelivered(): void {
    const isOver = this.#dropped || this.#farewell !== undefined;
    if (this.#holdsBack && !isOver) {
      if (!this.#paused) this.#goOnLater();
      return;
    }
    this.#unparsed = undefined;
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
}

/** Why nothing more is received, as the listener is told. */
interface Farewell {
  readonly kind: 'close frame' | 'failure';
  readonly code: number;
  readonly reason: string;
}

const LOST = { code: 1006, reason: '' };

function failure({ closeCode, message }: ProtocolViolation): Farewell {
  return { kind: 'failure', code: closeCode, reason: message };
}

/** The connections that have something to send at the end of this loop turn, each once. */
let dirty: Connection[] = [];

/** The turn of the event loop, counted while something is read. */
let turn = 0;
let turnEnds = false;

function turnOf(): number {
  if (!turnEnds) {
    turnEnds = true;
    setImmediate(() => {
      turnEnds = false;
      turn += 1;
    });
  }
  return turn;
}

function flushAll(): void {
  const connections = dirty;
  dirty = [];
  for (const connection of connections) connection.flush();
}

const NO_BYTES = Buffer.alloc(0);
const NO_EXTENSIONS: readonly Extension[] = [];
