import type { TransportListener } from '@serval/api/spi';
import { ProtocolViolation, validCloseFrame, type CloseFrame } from './close-frame';
import type { Transitions } from './closing';
import { FrameParser, OPCODE, type FrameHandler } from './frame-parser';
import { lookAhead, type AheadListener } from './look-ahead';
import { MessageAssembler } from './message-assembler';
import type { MaskMemory } from './mask';
import type { MessageDeflate } from './message-deflate';

/** A paused connection reads on until it holds back this much; then its socket pauses as well. */
const HELD_BACK_BYTES = 16_384;

/**
 * The work that one connection may do in one turn of the event loop; then the others have theirs. A frame counts as one,
 * and each KiB of its payload as another.
 */
const WORK_PER_TURN = 256;

/**
 * The phases decide over bytes that arrive:
 *
 * | phase         | arriving bytes                                                 | pause  | resume  | fall behind | turn    | end  |
 * | ------------- | -------------------------------------------------------------- | ------ | ------- | ----------- | ------- | ---- |
 * | `paused`      | are held back, and searched for pings and a close frame        |        | flowing |             |         | over |
 * | `flowing`     | are parsed at once                                             | paused |         | catching up |         | over |
 * | `catching up` | are held back behind others, which the next turn parses        | paused |         |             | flowing | over |
 * | `over`        | are thrown away: the peer's close frame has come, or a fault,  |        |         |             |         |      |
 * |               | or the connection was dropped                                  |        |         |             |         |      |
 *
 * An empty cell: the phase stays.
 */
export type ReadingPhase = 'paused' | 'flowing' | 'catching up' | 'over';
export type ReadingEvent = 'pause' | 'resume' | 'fall behind' | 'turn' | 'end';

const PHASES: Transitions<ReadingPhase, ReadingEvent> = {
  paused: { resume: 'flowing', end: 'over' },
  flowing: { pause: 'paused', 'fall behind': 'catching up', end: 'over' },
  'catching up': { pause: 'paused', turn: 'flowing', end: 'over' },
  over: {},
};

export function nextReadingPhase(phase: ReadingPhase, event: ReadingEvent): ReadingPhase {
  return PHASES[phase][event] ?? phase;
}

/** The part of a connection that its reading needs. */
export interface ReadingHost {
  readonly isClient: boolean;
  /** Undefined without compression. */
  readonly deflate: MessageDeflate | undefined;
  /** Undefined until the connection opens. */
  readonly listener: TransportListener | undefined;
  /** Whether the stream is over, so that nothing can be answered. */
  readonly isGone: boolean;
  pauseSocket(): void;
  /** Nothing is held back any more. */
  resumeSocket(): void;
  /** A read is parsed: frames that are sent until {@link onReadEnd} leave with it. */
  onReadStart(): void;
  onReadEnd(): void;
  /** A turn has parsed bytes that were held back. */
  onTurnEnd(): void;
  onPing(payload: Buffer): void;
  onPong(payload: Buffer): void;
  /** @throws ProtocolViolation */
  onCloseFrame(payload: Buffer): void;
  /** A close frame was seen among bytes that are held back. */
  onCloseAhead(close: CloseFrame | undefined): void;
  onViolation(violation: ProtocolViolation): void;
}

/** The way of one connection's bytes to its listener: parsed at once, or held back for a listener that pauses. */
export class Reading implements FrameHandler, AheadListener {
  #phase: ReadingPhase = 'paused';
  /** Only while something arrives: most connections are idle, and between two messages there is nothing to remember. */
  #parser: FrameParser | undefined;
  #assembler: MessageAssembler | undefined;
  /** Bytes that wait for their turn; the parser stops between frames. */
  #held: Buffer | undefined;
  /** The place to continue the search for control frames, from the end of `#held`; undefined before the first one. */
  #lookFrom: number | undefined;
  /** Pings that were answered ahead and are still to be parsed. */
  #pingsAnswered = 0;
  /** The work of this turn of the event loop, and which one it is. */
  #work = 0;
  #workTurn = 0;
  #hasFilledBuffer = false;
  /** Whether the bytes that are being parsed are valid only now. */
  copies = false;
  #nextTurn: NodeJS.Immediate | undefined;

  /** @param isEncrypted whether a turn may bring several shared reads, because TLS decrypts one read in pieces */
  constructor(
    private readonly host: ReadingHost,
    private readonly maxFragments: number,
    private readonly isEncrypted = false,
  ) {}

  pause(): void {
    this.#enter('pause');
    this.#limitHeldBack();
  }

  resume(): void {
    if (this.#phase !== 'paused') return;
    this.#enter('resume');
    if (this.holdsBack) this.catchUp();
    else this.host.resumeSocket();
  }

  /** Nothing more is received, and held back bytes are dropped. */
  end(): void {
    this.#enter('end');
    this.#held = undefined;
  }

  /** Whether arriving bytes are parsed at once. */
  get isFlowing(): boolean {
    return this.#phase === 'flowing';
  }

  /** Whether something has arrived that the listener is still to receive. */
  get holdsBack(): boolean {
    if (this.#phase === 'over') return false;
    return this.#held !== undefined || this.#phase === 'catching up' || this.#hasBacklog();
  }

  /** @param chunk belongs to the reading */
  receive(chunk: Buffer): void {
    this.#countTurns();
    this.#receive(chunk, chunk.length, undefined);
  }

  /**
   * @param buffer whose first `length` bytes are valid until this returns
   * @param maskMemory masks the buffer
   */
  receiveShared(buffer: Buffer, length: number, maskMemory: MaskMemory): void {
    // In one turn libuv reads a socket again only if the read before it filled the buffer. Counting turns costs more.
    if (this.isEncrypted) this.#countTurns();
    else if (!this.#hasFilledBuffer) this.#work = 0;
    this.#hasFilledBuffer = length === buffer.length;
    this.#receive(buffer, length, maskMemory);
  }

  #countTurns(): void {
    if (this.#workTurn === turnOf()) return;
    this.#workTurn = turn;
    this.#work = 0;
  }

  #receive(chunk: Buffer, length: number, maskMemory: MaskMemory | undefined): void {
    if (this.#phase === 'flowing') this.#parse(chunk, length, maskMemory);
    else if (this.#phase !== 'over') {
      this.holdBack(length === chunk.length ? chunk : chunk.subarray(0, length));
      this.#limitHeldBack();
    }
  }

  /** Keeps bytes for later, in whichever phase; they are copied. */
  holdBack(chunk: Buffer): void {
    if (this.#phase === 'over' || chunk.length === 0) return;
    if (this.#lookFrom !== undefined) this.#lookFrom -= chunk.length;
    this.#held = Buffer.concat([this.#held ?? NO_BYTES, chunk]);
  }

  /**
   * Parses the held back bytes in another turn, unless the listener pauses: the listener never runs inside resume(), and
   * other connections have their turn first.
   */
  catchUp(): void {
    this.#enter('fall behind');
    if (this.#phase === 'catching up') this.#nextTurn ??= setImmediate(() => this.#takeTurn());
  }

  #takeTurn(): void {
    this.#nextTurn = undefined;
    this.#enter('turn');
    const bytes = this.#held ?? NO_BYTES;
    this.#held = undefined;
    this.#work = 0;
    this.#parse(bytes, bytes.length, undefined);
    this.host.onTurnEnd();
  }

  #enter(event: ReadingEvent): void {
    this.#phase = nextReadingPhase(this.#phase, event);
    if (this.#nextTurn === undefined || this.#phase === 'catching up') return;
    clearImmediate(this.#nextTurn);
    this.#nextTurn = undefined;
  }

  /** @param maskMemory of shared bytes, which are valid only now */
  #parse(chunk: Buffer, length: number, maskMemory: MaskMemory | undefined): void {
    this.copies = maskMemory !== undefined;
    this.#parser ??= new FrameParser(this, !this.host.isClient, this.host.deflate !== undefined);
    this.host.onReadStart();
    try {
      if (this.#hasBacklog()) this.#assembler?.inflateOn();
      const taken = this.#hasBacklog() ? 0 : this.#parser.parse(chunk, length, maskMemory);
      // RFC 6455 5.5.1: nothing behind a close frame counts.
      if (taken < length && !this.#isOver()) {
        const rest = chunk.subarray(taken, length);
        this.#held = this.copies ? Buffer.from(rest) : rest;
      } else this.#lookFrom = undefined;
    } catch (error) {
      // Any error ends this connection and not the process.
      this.host.onViolation(
        error instanceof ProtocolViolation ? error : new ProtocolViolation(1011, 'internal error', error),
      );
    } finally {
      this.host.onReadEnd();
    }
    if (this.#assembler?.isIdle === true) this.#assembler = undefined;
    if (this.#parser.isIdle) this.#parser = undefined;
    if (this.#phase === 'paused') this.#limitHeldBack();
    if (this.#phase !== 'flowing') return;
    if (!this.#hasBacklog() && this.#held === undefined && this.#work < WORK_PER_TURN) return;
    // A peer that sends much, or a compressed message that becomes a large one, takes turns with other connections.
    this.host.pauseSocket();
    this.catchUp();
  }

  // --- frames ---------------------------------------------------------------------------------------------------------

  get isStopped(): boolean {
    return this.#phase !== 'flowing' || this.#work >= WORK_PER_TURN || this.#hasBacklog();
  }

  #isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Whether a compressed message has arrived that is not inflated yet. */
  #hasBacklog(): boolean {
    return this.#assembler?.hasBacklog === true;
  }

  onDataFrame(opcode: number, final: boolean, compressed: boolean, length: number): void {
    if (this.#assembler === undefined) {
      this.#assembler = new MessageAssembler(this.maxFragments, this.host.deflate, this);
      if (this.host.listener !== undefined) this.#assembler.open(this.host.listener);
    }
    this.#assembler.beginFrame(opcode, final, compressed, length);
  }

  onData(chunk: Buffer, start: number, end: number, isAscii: boolean, ends: boolean): void {
    this.#work += 1 + ((end - start) >>> 10);
    this.#assembler?.takeData(chunk, start, end, isAscii, ends);
  }

  onControlFrame(opcode: number, bytes: Buffer): void {
    this.#work += 1;
    const payload = this.copies ? Buffer.from(bytes) : bytes;
    if (opcode === OPCODE.pong) this.host.onPong(payload);
    else if (opcode === OPCODE.close) this.host.onCloseFrame(payload);
    else if (this.#pingsAnswered > 0) this.#pingsAnswered -= 1;
    else this.host.onPing(payload);
  }

  // --- bytes that are held back ---------------------------------------------------------------------------------------

  /** A paused connection reads on, so that it notices the peer's end, until it holds back enough. */
  #limitHeldBack(): void {
    this.#lookAhead();
    if (this.#held !== undefined && this.#held.length >= HELD_BACK_BYTES) this.host.pauseSocket();
  }

  /** Behind a busy handler pings are answered early, so that the peer does not take this side for dead. */
  #lookAhead(): void {
    const bytes = this.#held;
    if (bytes === undefined || this.#phase !== 'paused' || this.host.isGone) return;
    const from = this.#lookFrom === undefined ? this.#nextFrameAt() : Math.max(0, bytes.length + this.#lookFrom);
    // A listener that pauses when it hears of a ping looks again, and must not find the same ping.
    this.#lookFrom = Infinity;
    this.#lookFrom = lookAhead(bytes, from, !this.host.isClient, this) - bytes.length;
  }

  /** The place in the held back bytes at which the next frame begins. */
  #nextFrameAt(): number {
    return this.#parser === undefined ? 0 : (this.#parser.leftOfFrame ?? Infinity);
  }

  onPingAhead(payload: Buffer): void {
    this.#pingsAnswered += 1;
    this.host.onPing(payload);
  }

  onCloseAhead(payload: Buffer): void {
    this.host.onCloseAhead(validCloseFrame(payload));
  }
}

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

const NO_BYTES = Buffer.alloc(0);
