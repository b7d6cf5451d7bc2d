import { clearLine, cursorTo } from 'node:readline';
import { styleText } from 'node:util';
import { harmless, oneLine, write, type Terminal } from './terminal';

/** Codes of ends that are as they should be; 1005 is a close frame without a code. */
export const NORMAL_CLOSES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** How things are shown. */
export interface PrinterOptions {
  readonly format: 'plain' | 'json' | 'events';
  readonly timestamps: boolean;
  /** Binary messages as their bytes, with nothing around them. */
  readonly rawBinary: boolean;
}

/** What may happen, as `--events` shows it. */
export type ConnectionEvent =
  | {
      readonly event: 'open';
      readonly uri: string;
      readonly subprotocol: string;
      readonly extensions: readonly string[];
    }
  | { readonly event: 'text' | 'binary' | 'pong'; readonly data: string }
  | { readonly event: 'close'; readonly code: number; readonly reason: string };

/**
 * Shows messages on stdout, and everything else on stderr. In a terminal both stand above the line that is being typed.
 *
 * What shows a message gives a promise while the reader of stdout has to catch up.
 */
export class Printer {
  readonly #isTerminal: boolean;
  readonly #hasColours: boolean;
  #prompt: (() => void) | undefined;

  constructor(
    private readonly terminal: Terminal,
    private readonly options: PrinterOptions,
  ) {
    this.#isTerminal = terminal.stdout.isTTY === true;
    this.#hasColours = this.#isTerminal && !terminal.env.NO_COLOR && terminal.env.TERM !== 'dumb';
  }

  /** @param prompt shows the line that is being typed again; undefined: nothing is being typed */
  set prompt(prompt: (() => void) | undefined) {
    this.#prompt = prompt;
  }

  opened(uri: string, subprotocol: string, extensions: readonly string[]): Promise<void> | undefined {
    const event: ConnectionEvent = { event: 'open', uri, subprotocol, extensions };
    if (this.options.format === 'events') return this.#event(event);
    if (this.#isTerminal) {
      const details = [subprotocol && `subprotocol ${subprotocol}`, ...extensions].filter(Boolean).join(', ');
      this.note(`connected to ${uri}${details && ` (${details})`}; /help lists the commands, Ctrl-D closes`);
    }
    return undefined;
  }

  text(message: string): Promise<void> | undefined {
    if (this.options.format === 'events') return this.#event({ event: 'text', data: message });
    return this.#line('<', this.options.format === 'json' ? indented(message) : message);
  }

  binary(message: Uint8Array): Promise<void> | undefined {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    if (this.options.format === 'events') return this.#event({ event: 'binary', data: bytes.toString('base64') });
    if (this.options.rawBinary && !this.#isTerminal) return write(this.terminal.stdout, bytes);
    return this.#line(
      '<',
      this.#isTerminal ? `${bytes.length} bytes: ${hexadecimal(bytes)}` : bytes.toString('base64'),
    );
  }

  /** @param milliseconds since the ping, where it was one of ours */
  pong(data: string, milliseconds: number | undefined): Promise<void> | undefined {
    if (this.options.format === 'events') return this.#event({ event: 'pong', data });
    this.note(`pong${data && ` ${data}`}${milliseconds === undefined ? '' : ` after ${milliseconds.toFixed(1)} ms`}`);
    return undefined;
  }

  closed(code: number, reason: string): Promise<void> | undefined {
    if (this.options.format === 'events') return this.#event({ event: 'close', code, reason });
    // In a pipe an end as it should be is no news.
    if (this.#isTerminal || !NORMAL_CLOSES.has(code)) this.note(`closed ${code}${reason && ` ${reason}`}`);
    return undefined;
  }

  /** A line for people, on stderr. */
  note(text: string): void {
    // Stderr may be a terminal where stdout is none.
    this.#aside(this.#hasColours ? coloured('dim', oneLine(text)) : oneLine(text));
  }

  /** An error of one line. */
  error(text: string): void {
    this.#aside(`serval: ${oneLine(text)}`);
  }

  #aside(line: string): void {
    this.#above(() => void this.terminal.stderr.write(`${line}\n`));
  }

  #line(marker: string, message: string): Promise<void> | undefined {
    const time = this.options.timestamps ? `${new Date().toISOString()} ` : '';
    if (!this.#isTerminal) return write(this.terminal.stdout, `${time}${message}\n`);
    const shown = this.#hasColours ? coloured('green', marker) : marker;
    return this.#above(() => write(this.terminal.stdout, `${time}${shown} ${harmless(message)}\n`));
  }

  #event(event: ConnectionEvent): Promise<void> | undefined {
    const json = JSON.stringify({ time: new Date().toISOString(), ...event });
    // The escapes are those of JSON.
    const line = `${this.#isTerminal ? harmless(json) : json}\n`;
    return this.#above(() => write(this.terminal.stdout, line));
  }

  /** Takes the line that is being typed away, and brings it back below. */
  #above<T>(print: () => T): T {
    const prompt = this.#prompt;
    if (prompt === undefined) return print();
    cursorTo(this.terminal.stdout, 0);
    clearLine(this.terminal.stdout, 0);
    const result = print();
    prompt();
    return result;
  }
}

function coloured(colour: 'dim' | 'green', text: string): string {
  // Whether stdout takes colours has been asked for before.
  return styleText(colour, text, { validateStream: false });
}

function indented(message: string): string {
  try {
    return JSON.stringify(JSON.parse(message), null, 2);
  } catch {
    return message;
  }
}

/** At most as many bytes are shown; a terminal is no place for more. */
const SHOWN_BYTES = 64;

function hexadecimal(bytes: Buffer): string {
  const shown = bytes
    .subarray(0, SHOWN_BYTES)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  return bytes.length > SHOWN_BYTES ? `${shown} …` : shown;
}
