import type { InboundRule } from '@serval/api/spi';
import { parseFrame } from './frames';

/** Receives what a {@link FrameReader} reads. */
export interface FrameSink {
  /** Read at the beginning of each message. */
  readonly textRule: InboundRule;
  onOpenFrame(): void;
  onMessage(text: string, last: boolean): void;
  onCloseFrame(code: number, reason: string): void;
}

/** A server that does not speak SockJS, or whose message is too large. */
export class FrameError extends Error {
  override readonly name = 'FrameError';

  constructor(
    readonly closeCode: 1002 | 1003 | 1007 | 1009,
    message: string,
  ) {
    super(message);
  }
}

/** The longest frame that is not a list of messages: the 2,048 bytes before a stream, or a close with its reason. */
const MAX_LINE = 4096;

/** An escape of JSON has at most 6 characters for one UTF-16 unit, which has at least one byte. */
const MAX_CHARACTERS_PER_BYTE = 6;

/**
 * `line`: any frame but a list of messages; `list`: behind its bracket; `item`: behind a comma; `text`: inside a text;
 * `next`: behind a text of a list; `end`: behind the last character of a frame of messages.
 */
type Place = 'line' | 'list' | 'item' | 'text' | 'next' | 'end';

/**
 * Reads the frames of a server, each with a line feed behind it, from pieces of any size. A server may put any number of
 * messages in one frame, so the reader never holds a frame, but one message at most.
 */
export class FrameReader {
  #place: Place = 'line';
  /** The beginning of the line. */
  #line = '';
  /** Whether the text is the only one of its frame: `m"text"`. */
  #isSingle = false;
  /** The pieces of the text before, as JSON writes them. */
  #pieces: string[] = [];
  #length = 0;
  /** The beginning of an escape whose rest has not arrived. */
  #escape = '';
  /** The first half of a pair of surrogates whose other half has not arrived. */
  #half = '';
  /** The next backslash of the piece that is being read; -1 if it has none. */
  #slash = -1;
  #rule: InboundRule;

  constructor(private readonly sink: FrameSink) {
    this.#rule = sink.textRule;
  }

  /**
   * Reads until the piece ends, or a frame `o` does: what follows belongs to a listener that may not be there yet.
   *
   * @returns where it stopped
   * @throws FrameError
   */
  read(piece: string, from = 0): number {
    let at = from;
    this.#slash = piece.indexOf('\\', from);
    while (at < piece.length) {
      if (this.#place === 'text') {
        at = this.#readText(piece, at);
      } else if (this.#place === 'line') {
        const end = this.#readLine(piece, at);
        if (end < 0) return -end;
        at = end;
      } else {
        at = this.#readBetween(piece, at);
      }
    }
    return at;
  }

  /**
   * A response has ended. It may leave out the line feed behind its last frame.
   *
   * @throws FrameError when it ended inside a message
   */
  endResponse(): void {
    if (this.#place !== 'line' && this.#place !== 'end')
      throw new FrameError(1002, 'The response of the server ended inside a message.');
    this.read('\n');
  }

  /** @returns the position behind what was read, negative behind a frame `o` */
  #readLine(piece: string, at: number): number {
    // Of a line of messages only its beginning is read here.
    if (this.#line === '' && (piece[at] === 'a' || piece[at] === 'm')) {
      this.#line = piece.slice(at, at + 1);
      return at + 1;
    }
    if (this.#line === 'a' || this.#line === 'm') return this.#beginMessages(piece, at);
    const feed = piece.indexOf('\n', at);
    const end = feed === -1 ? piece.length : feed;
    if (this.#line.length + end - at > MAX_LINE) throw notAFrame(this.#line + piece.slice(at, at + MAX_LINE));
    this.#line += piece.slice(at, end);
    if (feed === -1) return end;
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    return this.#take(line) ? -(feed + 1) : feed + 1;
  }

  #beginMessages(piece: string, at: number): number {
    const begin = piece[at] ?? '';
    if (begin !== (this.#line === 'a' ? '[' : '"')) throw notAFrame(this.#line + begin);
    this.#isSingle = this.#line === 'm';
    this.#line = '';
    if (this.#isSingle) this.#beginText();
    else this.#place = 'list';
    return at + 1;
  }

  /** @returns whether it is the frame `o` */
  #take(line: string): boolean {
    // A heartbeat, or the line of 2,048 such letters before a stream.
    if (/^h*$/.test(line)) return false;
    const frame = parseFrame(line);
    if (frame?.kind === 'close') {
      const { code, reason } = frame;
      if (!Number.isInteger(code) || code < 1000 || code > 4999)
        throw new FrameError(1002, `The server closed with the code ${code}; expected one from 1000 to 4999.`);
      this.sink.onCloseFrame(code, reason);
      return false;
    }
    if (frame?.kind !== 'open') throw notAFrame(line);
    this.sink.onOpenFrame();
    return true;
  }

  #readBetween(piece: string, at: number): number {
    const character = piece[at] ?? '';
    if (this.#place === 'end') {
      if (character === '\n') this.#place = 'line';
      else if (character !== '\r') throw notAFrame(character, 'behind the messages of a frame');
    } else if (character === ']' && this.#place !== 'item') {
      this.#place = 'end';
    } else if (this.#place !== 'next' && character === '"') {
      this.#beginText();
    } else if (this.#place === 'next' && character === ',') {
      this.#place = 'item';
    } else if (!' \t\r'.includes(character)) {
      throw notAFrame(character, 'in a list of messages, which are texts');
    }
    return at + 1;
  }

  #beginText(): void {
    this.#place = 'text';
    this.#rule = this.sink.textRule;
    this.#length = 0;
  }

  #readText(piece: string, at: number): number {
    if (this.#escape !== '') return this.#readEscape(piece, at);
    let quote = piece.indexOf('"', at);
    // A search for each text would read the piece again and again.
    if (this.#slash !== -1 && this.#slash < at) this.#slash = piece.indexOf('\\', at);
    let slash = this.#slash;
    let rest = piece.length;
    while (slash !== -1 && (quote === -1 || slash < quote)) {
      const next = slash + (piece[slash + 1] === 'u' ? 6 : 2);
      if (next > piece.length) {
        rest = slash;
        break;
      }
      if (quote !== -1 && quote < next) quote = piece.indexOf('"', next);
      slash = this.#slash = piece.indexOf('\\', next);
    }
    const end = rest === piece.length && quote !== -1 ? quote : rest;
    this.#takePart(piece.slice(at, end));
    if (end === quote) {
      this.#finishText();
      return quote + 1;
    }
    this.#escape = piece.slice(rest);
    return piece.length;
  }

  /** An escape is cut by the end of a piece. */
  #readEscape(piece: string, at: number): number {
    const length = (this.#escape + piece.slice(at, at + 1)).startsWith('\\u') ? 6 : 2;
    const end = Math.min(piece.length, at + length - this.#escape.length);
    this.#escape += piece.slice(at, end);
    if (this.#escape.length === length) {
      const escape = this.#escape;
      this.#escape = '';
      this.#takePart(escape);
    }
    return end;
  }

  #takePart(part: string): void {
    const { inParts, maxBytes } = this.#rule;
    if (inParts) {
      if (part !== '') this.#deliverPart(part);
      return;
    }
    this.#length += part.length;
    if (this.#length > maxBytes * MAX_CHARACTERS_PER_BYTE) throw tooLarge(maxBytes);
    this.#pieces.push(part);
  }

  #deliverPart(part: string): void {
    const text = this.#half + parseText(part);
    const last = text.charCodeAt(text.length - 1);
    const isCut = last >= 0xd800 && last <= 0xdbff;
    this.#half = isCut ? text.slice(-1) : '';
    const whole = isCut ? text.slice(0, -1) : text;
    if (whole !== '') this.sink.onMessage(whole, false);
  }

  #finishText(): void {
    this.#place = this.#isSingle ? 'end' : 'next';
    const { inParts, maxBytes } = this.#rule;
    if (inParts) {
      const half = this.#half;
      this.#half = '';
      this.sink.onMessage(half, true);
      return;
    }
    const text = parseText(this.#pieces.length === 1 ? (this.#pieces[0] ?? '') : this.#pieces.join(''));
    this.#pieces = [];
    if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) throw tooLarge(maxBytes);
    this.sink.onMessage(text, true);
  }
}

function parseText(json: string): string {
  try {
    // It is the inside of a text, so it can be nothing else.
    return JSON.parse(`"${json}"`) as string;
  } catch {
    throw new FrameError(1002, 'The server sent a message that is not valid JSON.');
  }
}

function tooLarge(maxBytes: number): FrameError {
  return new FrameError(1009, `The message has more than ${maxBytes} bytes, the most that are taken.`);
}

const MAX_SHOWN = 40;

function notAFrame(found: string, where = ''): FrameError {
  const shown = found.length > MAX_SHOWN ? `${found.slice(0, MAX_SHOWN)}…` : found;
  return new FrameError(
    1002,
    where === ''
      ? `The server sent ${JSON.stringify(shown)}; expected a frame of SockJS: o, h, a[…] or c[…].`
      : `The server sent ${JSON.stringify(shown)} ${where}.`,
  );
}
