import { constants } from 'node:buffer';
import type { TransportListener } from '@serval/api/spi';
import { OPCODE } from './frame-parser';
import type { MessageDeflate } from './message-deflate';
import { ProtocolViolation } from './close-frame';
import { decodeUtf8, INVALID_UTF8, Utf8Decoder } from './utf8';

/** A compressed message may be this much longer than the message itself: deflate's overhead on incompressible bytes. */
const DEFLATE_SLACK = 1024;

/** The limit of a compressed message for a listener that wants parts, if it can only be inflated all at once. */
const MAX_INFLATED_AT_ONCE = 16 * 1024 * 1024;

/** A message that inflates to more takes turns with the other connections. */
const INFLATED_PER_TURN = 1024 * 1024;

/** The number of pieces that are joined to one: a piece of one byte costs hundreds. */
const JOIN_AT_PIECES = 1024;

/** The part of a transport's listener that receives messages. */
export type MessageListener = Pick<TransportListener, 'textRule' | 'binaryRule' | 'onText' | 'onBinary'>;

/**
 * Makes messages of data frames: joins fragments, inflates, checks UTF-8 as it arrives, and keeps the listener's limits.
 *
 * The rule that holds when a message begins holds to its end.
 */
export class MessageAssembler {
  #listener: MessageListener | undefined;
  #type: 'text' | 'binary' | undefined;
  #inParts = false;
  #maxBytes = 0;
  #compressed = false;
  /** The bytes that the compressed message has become so far. */
  #inflatedBytes = 0;
  /** Whether all of the compressed message has arrived. */
  #arrived = false;
  #hasBacklog = false;
  #final = false;
  #fragments = 0;
  /** Bytes of the message so far, as they stand on the wire. */
  #bytes = 0;
  #pieces: Buffer[] | undefined;
  /** How many of the pieces are joined ones already. */
  #joined = 0;
  #text = '';
  /** The end of the text, in pieces that the runtime has only linked, and how many they are. */
  #tail = '';
  #tailPieces = 0;
  #utf8: Utf8Decoder | undefined;

  /**
   * @param control whose `isStopped` keeps a compressed message from being inflated further; `copies`: whether the bytes
   * that are taken must be copied to be kept or handed on
   */
  constructor(
    private readonly maxFragments: number,
    private readonly deflate: MessageDeflate | undefined,
    private readonly control: { readonly isStopped: boolean; readonly copies: boolean },
  ) {}

  open(listener: MessageListener): void {
    this.#listener = listener;
  }

  /** @throws ProtocolViolation */
  beginFrame(opcode: number, final: boolean, compressed: boolean, length: number): void {
    if (opcode === OPCODE.continuation) {
      if (this.#type === undefined) throw new ProtocolViolation(1002, 'a continuation frame continues nothing');
    } else {
      if (this.#type !== undefined) throw new ProtocolViolation(1002, 'a message begins inside another');
      this.#begin(opcode === OPCODE.text ? 'text' : 'binary', compressed);
    }
    this.#final = final;
    this.#fragments += 1;
    if (this.#fragments > this.maxFragments) {
      throw new ProtocolViolation(1008, `a message has more than ${this.maxFragments} fragments`);
    }
    // Refused by its header already, before the payload is waited for.
    this.#checkSize(this.#bytes + length);
  }

  /** @throws ProtocolViolation */
  takeData(chunk: Buffer, start: number, end: number, isAscii: boolean, endsFrame: boolean): void {
    this.#bytes += end - start;
    const last = endsFrame && this.#final;
    // The usual case: a text that is here as a whole.
    if (isAscii && last && this.#type === 'text' && this.#isWhole(end - start)) {
      this.#listener?.onText(chunk.toString('latin1', start, end), true);
      this.#end();
      return;
    }
    const bytes = chunk.subarray(start, end);
    if (this.#compressed) {
      this.#takeCompressed(bytes, last);
      return;
    }
    if (this.#type === 'text') this.#takeText(bytes, last);
    else this.#takeBinary(this.control.copies ? Buffer.from(bytes) : bytes, last);
    if (last) this.#end();
  }

  #isWhole(length: number): boolean {
    return length === this.#bytes && !this.#inParts && !this.#compressed;
  }

  /** Whether it stands between two messages, and so remembers nothing. */
  get isIdle(): boolean {
    return this.#type === undefined;
  }

  /** Whether compressed bytes have been taken that are not inflated yet; no more may be taken then. */
  get hasBacklog(): boolean {
    return this.#hasBacklog;
  }

  /**
   * Inflates what has arrived, until it is used up, the connection is stopped, or it is the others' turn.
   *
   * @throws ProtocolViolation
   */
  inflateOn(): void {
    if (this.deflate === undefined) return;
    const { inflater, inflatesInParts } = this.deflate;
    this.#hasBacklog = false;
    let turn = 0;
    for (;;) {
      const bytes = inflater.read(this.#mostToInflate(inflatesInParts));
      this.#inflatedBytes += bytes.length;
      if (!this.#inParts && this.#inflatedBytes > this.#maxBytes) throw tooBig(this.#maxBytes, this.#inflatedBytes);
      const isDrained = inflater.isDrained;
      const isLast = isDrained && this.#arrived;
      if (this.#type === 'text') this.#takeText(bytes, isLast);
      else this.#takeBinary(Buffer.from(bytes), isLast);
      if (isLast) {
        this.deflate.endMessage();
        this.#end();
      }
      if (isDrained) return;
      turn += bytes.length;
      if (this.control.isStopped || turn >= INFLATED_PER_TURN) break;
    }
    this.#hasBacklog = true;
  }

  /** One byte more than is allowed shows that there is too much. */
  #mostToInflate(inflatesInParts: boolean): number {
    if (!this.#inParts) return this.#maxBytes - this.#inflatedBytes + 1;
    return inflatesInParts ? Infinity : MAX_INFLATED_AT_ONCE;
  }

  #begin(type: 'text' | 'binary', compressed: boolean): void {
    this.#type = type;
    this.#compressed = compressed;
    const listener = this.#listener;
    if (listener === undefined) return;
    const { inParts, maxBytes } = type === 'text' ? listener.textRule : listener.binaryRule;
    this.#inParts = inParts;
    // A string has at most as many units as its UTF-8 has bytes.
    this.#maxBytes = Math.min(maxBytes, type === 'text' ? constants.MAX_STRING_LENGTH : constants.MAX_LENGTH);
  }

  #end(): void {
    this.#type = undefined;
    this.#arrived = false;
    this.#inflatedBytes = 0;
    this.#fragments = 0;
    this.#bytes = 0;
    this.#pieces = undefined;
    this.#joined = 0;
    this.#text = '';
    this.#tail = '';
    this.#tailPieces = 0;
    this.#utf8 = undefined;
  }

  #checkSize(bytes: number): void {
    if (!this.#compressed) {
      if (!this.#inParts && bytes > this.#maxBytes) throw tooBig(this.#maxBytes, bytes);
    } else if (!this.#inParts || this.deflate?.inflatesInParts === false) {
      const maxBytes = this.#inParts ? MAX_INFLATED_AT_ONCE : this.#maxBytes;
      if (bytes > maxBytes + DEFLATE_SLACK + maxBytes / 1000) throw tooBig(maxBytes, bytes);
    }
  }

  #takeText(bytes: Buffer, last: boolean): void {
    if (last && this.#utf8 === undefined && !this.#inParts) {
      const text = decodeUtf8(bytes);
      if (text === INVALID_UTF8) throw notUtf8();
      this.#listener?.onText(text, true);
      return;
    }
    this.#utf8 ??= new Utf8Decoder();
    const text = this.#utf8.write(bytes);
    if (text === INVALID_UTF8 || (last && !this.#utf8.isComplete)) throw notUtf8();
    if (!this.#inParts) {
      this.#keepText(text);
      if (last) this.#listener?.onText(this.#text + this.#tail, true);
    } else if (last || text !== '') {
      this.#listener?.onText(text, last);
    }
  }

  #keepText(text: string): void {
    this.#tail += text;
    this.#tailPieces += 1;
    if (this.#tailPieces < JOIN_AT_PIECES) return;
    // Written out and read back: one flat string, where links would cost more than the characters.
    this.#text += Buffer.from(this.#tail).toString();
    this.#tail = '';
    this.#tailPieces = 0;
  }

  #takeBinary(bytes: Buffer, last: boolean): void {
    if (this.#inParts) {
      if (last || bytes.length > 0) this.#listener?.onBinary(bytes, last);
    } else if (!last) {
      if (bytes.length > 0) this.#keep(bytes);
    } else if (this.#pieces === undefined) {
      this.#listener?.onBinary(bytes, true);
    } else {
      this.#pieces.push(bytes);
      this.#listener?.onBinary(Buffer.concat(this.#pieces), true);
    }
  }

  #keep(bytes: Buffer): void {
    const pieces = (this.#pieces ??= []);
    pieces.push(bytes);
    if (pieces.length - this.#joined < JOIN_AT_PIECES) return;
    pieces.push(Buffer.concat(pieces.splice(this.#joined)));
    this.#joined += 1;
  }

  #takeCompressed(bytes: Buffer, last: boolean): void {
    this.#arrived = last;
    this.deflate?.inflater.write(bytes, last);
    this.inflateOn();
    if (this.#hasBacklog && this.control.copies) this.deflate?.inflater.keepInput();
  }
}

function notUtf8(): ProtocolViolation {
  return new ProtocolViolation(1007, 'a text message is not UTF-8');
}

function tooBig(maxBytes: number, bytes: number): ProtocolViolation {
  return new ProtocolViolation(1009, `The message has at least ${bytes} bytes; at most ${maxBytes} are taken.`);
}
