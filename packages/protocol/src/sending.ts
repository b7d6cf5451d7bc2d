import type { SendCallback } from '@serval/api/spi';
import { CompressionLine } from './compression-line';
import { OPCODE } from './frame-parser';
import { FrameWriter } from './frame-writer';
import type { MessageDeflate } from './message-deflate';
import { connectionClosed } from './sockets';

const FIN = 0x80;
const RSV1 = 0x40;

/** Frames wait for the end of the loop turn, unless this much has been collected before. */
const FLUSH_AT_BYTES = 65_536;

/** The part of a connection that its sending needs. */
export interface SendingHost {
  readonly isClient: boolean;
  /** Whether messages and control frames may still leave. */
  readonly canSend: boolean;
  /** Whether the socket takes bytes. */
  readonly canWrite: boolean;
  /** Bytes that wait in the socket. */
  readonly waitingBytes: number;
  write(chunks: readonly Buffer[], callbacks: readonly SendCallback[] | undefined): void;
  /** At the end of a turn: the connection may have nothing more to send. */
  onFlushed(): void;
  /** Our close frame has been written, and everything before it. */
  onCloseWritten(): void;
  /** No frame waits for compression any more. */
  onLineFree(): void;
  /** A large message could not be compressed: the connection cannot go on. */
  onLineFailed(error: Error): void;
}

/**
 * When collected frames leave: nobody waits for them; at the end of the read that is being parsed; or at the end of the
 * loop turn.
 */
type FlushPhase = 'unplanned' | 'at the end of the read' | 'at the end of the turn';

/**
 * The way of one connection's messages to its socket: made into frames, in order, and written together once per read or
 * loop turn.
 */
export class Sending {
  /** While frames wait to be written; most connections are idle. */
  #writer: FrameWriter | undefined;
  #callbacks: SendCallback[] | undefined;
  #flushPhase: FlushPhase = 'unplanned';
  /** Data frames of a connection with compression, which may have to wait. */
  readonly #line: CompressionLine | undefined;
  /** The message that is being sent in parts. */
  #partial: { readonly compresses: boolean } | undefined;
  /** While a pong waits behind a full socket: the latest ping that came meanwhile. */
  #pong: { owed: Buffer | undefined } | undefined;

  /** @param maxFrameBytes of the payload of a data frame; a longer message leaves in several frames. 0 or undefined for no limit */
  constructor(
    private readonly host: SendingHost,
    deflate: MessageDeflate | undefined,
    private readonly maxFrameBytes: number | undefined,
  ) {
    this.#line =
      deflate &&
      new CompressionLine(
        deflate,
        (first, payload, done) => this.#write(first, payload, done),
        () => host.onLineFree(),
        (error) => host.onLineFailed(error),
      );
  }

  /** Bytes that wait here for compression or for the end of the turn. */
  get bytes(): number {
    return (this.#writer?.bytes ?? 0) + (this.#line?.bytes ?? 0);
  }

  /** Whether nothing of earlier messages matters to the next one. */
  get isIdle(): boolean {
    const waits = this.#writer !== undefined || this.#callbacks !== undefined || this.#flushPhase !== 'unplanned';
    return !waits && this.#partial === undefined && this.#pong === undefined && this.#line === undefined;
  }

  /** Whether frames wait for the compression of a large message. */
  get isHeld(): boolean {
    return this.#line?.isHeld === true;
  }

  /** @param size in bytes, or for a text at least in characters */
  sendData(
    opcode: number,
    payload: string | Uint8Array,
    size: number,
    last: boolean,
    done: SendCallback | undefined,
  ): void {
    const partial = this.#partial;
    const compresses = partial?.compresses ?? this.#line?.compresses(size) === true;
    this.#partial = last ? undefined : (partial ?? { compresses });
    // The first frame of a message has its opcode, and RSV1 where it is compressed (RFC 7692 6.1); the others continue it.
    const first = (last ? FIN : 0) | (partial === undefined ? opcode : OPCODE.continuation);
    if (this.#line === undefined || !this.host.canSend) {
      this.sendFrame(first, payload, done);
      return;
    }
    const rsv1 = partial === undefined && compresses ? RSV1 : 0;
    this.#line.send({ first: first | rsv1, payload, last, compresses, done });
  }

  sendFrame(first: number, payload: string | Uint8Array, done: SendCallback | undefined): void {
    if (this.host.canSend) this.#write(first, payload, done);
    else if (done !== undefined) setImmediate(done, connectionClosed());
  }

  ping(payload: Uint8Array, done: SendCallback | undefined): void {
    this.sendFrame(FIN | OPCODE.ping, payload, done);
  }

  pong(payload: Uint8Array, done: SendCallback | undefined): void {
    this.sendFrame(FIN | OPCODE.pong, payload, done);
  }

  /**
   * While a pong waits behind a socket that is full, only the latest ping is kept to be answered (RFC 6455 5.5.3), so a
   * peer that pings and does not read costs nothing more.
   */
  answerPing(payload: Buffer): void {
    if (this.#pong !== undefined) {
      this.#pong.owed = payload;
      return;
    }
    const waits = this.host.waitingBytes > 0;
    if (waits) this.#pong = { owed: undefined };
    this.pong(payload, waits ? () => this.#pongWritten() : undefined);
  }

  #pongWritten(): void {
    const owed = this.#pong?.owed;
    this.#pong = undefined;
    if (owed !== undefined) this.pong(owed, undefined);
  }

  /** The last frame; it may wait behind a message that is being compressed. */
  close(payload: Buffer): void {
    const first = FIN | OPCODE.close;
    if (this.#line?.isHeld === true)
      this.#line.send({ first, payload, last: true, compresses: false, done: undefined });
    else this.#write(first, payload, undefined);
  }

  #write(first: number, payload: string | Uint8Array, done: SendCallback | undefined): void {
    const writer = (this.#writer ??= new FrameWriter(this.host.isClient, this.maxFrameBytes || Infinity));
    if (typeof payload === 'string') writer.writeText(first, payload);
    else writer.writeBinary(first, payload);
    if (done !== undefined) (this.#callbacks ??= []).push(done);
    if ((first & 0x0f) === OPCODE.close) this.#closeWritten();
    else if (writer.bytes >= FLUSH_AT_BYTES) this.flush();
    else if (this.#flushPhase === 'unplanned') this.#flushLater();
  }

  #closeWritten(): void {
    if (this.isHeld) return;
    // At once, so that terminate() right behind close() does not overtake the frame.
    this.flush();
    this.host.onCloseWritten();
  }

  // --- when frames leave ----------------------------------------------------------------------------------------------

  /** Frames that are sent from now on leave at the end of the read. */
  startRead(): void {
    this.#flushPhase = 'at the end of the read';
  }

  endRead(): void {
    this.#flushPhase = 'unplanned';
    this.flush();
  }

  #flushLater(): void {
    this.#flushPhase = 'at the end of the turn';
    if (dirty.push(this) === 1) setImmediate(flushAll);
  }

  endTurn(): void {
    this.#flushPhase = 'unplanned';
    this.flush();
    this.host.onFlushed();
  }

  /** Writes what has been collected. */
  flush(): void {
    if (this.#writer === undefined) return;
    // Behind a socket that is full a frame may wait for long.
    const chunks = this.#writer.take(this.host.waitingBytes > 0);
    this.#writer = undefined;
    // Destroyed since the frames were collected: their callbacks learn it with its end.
    if (!this.host.canWrite) return;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    this.host.write(chunks, callbacks);
  }

  /** Gives up what waits for compression. */
  dropLine(): void {
    for (const { done } of this.#line?.drop() ?? []) if (done !== undefined) setImmediate(done, connectionClosed());
  }

  /** The socket is closed: nothing that waits here will leave. */
  drop(): void {
    this.dropLine();
    this.#writer = undefined;
    const callbacks = this.#callbacks;
    this.#callbacks = undefined;
    callbacks?.forEach((callback) => callback(connectionClosed()));
  }
}

/** Those that have something to send at the end of this loop turn. */
let dirty: Sending[] = [];

function flushAll(): void {
  const sendings = dirty;
  dirty = [];
  for (const sending of sendings) sending.endTurn();
}
