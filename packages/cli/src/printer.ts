import { clearLine, cursorTo } from 'node:readline';
import { styleText } from 'node:util';
import { harmless, oneLine, write, type Terminal } from './terminal';

/** The codes of a normal end; 1005 is a close frame without a code. */
export const NORMAL_CLOSES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** How the printer shows messages. */
export interface PrinterOptions {
  readonly format: 'plain' | 'json' | 'events';
  readonly timestamps: boolean;
  /** Whether to print binary messages as their bytes, with nothing around them. */
  readonly rawBinary: boolean;
}

/** An event, as `--events` prints it. */
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
 * Prints messages to stdout, and everything else to stderr. In a terminal both appear above the line being typed.
 *
 * A method that prints a message returns a promise if the reader of stdout has to catch up.
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

  /** @param prompt redraws the line being typed; undefined if there is none */
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

  /** @param milliseconds since our ping; undefined if the pong answers none of ours */
  pong(data: string, milliseconds: number | undefined): Promise<void> | undefined {
    if (this.options.format === 'events') return this.#event({ event: 'pong', data });
    this.note(`pong${data && ` ${data}`}${milliseconds === undefined ? '' : ` after ${milliseconds.toFixed(1)} ms`}`);
    return undefined;
  }

  closed(code: number, reason: string): Promise<void> | undefined {
    if (this.options.format === 'events') return this.#event({ event: 'close', code, reason });
    // In a pipe a normal end is not worth a line.
    if (this.#isTerminal || !NORMAL_CLOSES.has(code)) this.note(`closed ${code}${reason && ` ${reason}`}`);
    return undefined;
  }

  /** Prints a line for people to stderr. */
  note(text: string): void {
    // Stderr may be a terminal even if stdout is not.
    this.#aside(this.#hasColours ? coloured('dim', oneLine(text)) : oneLine(text));
  }

  /** Prints an error as one line. */
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
    // harmless() escapes characters as JSON does, so the line stays valid JSON.
    const line = `${this.#isTerminal ? harmless(json) : json}\n`;
    return this.#above(() => write(this.terminal.stdout, line));
  }

  /** Clears the line being typed, prints, and redraws the line below. */
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
  // The constructor has already checked whether stdout supports colours.
  return styleText(colour, text, { validateStream: false });
}

function indented(message: string): string {
  try {
    return JSON.stringify(JSON.parse(message), null, 2);
  } catch {
    return message;
  }
}

/** The most bytes of a binary message that a terminal shows. */
const SHOWN_BYTES = 64;

function hexadecimal(bytes: Buffer): string {
  const shown = bytes
    .subarray(0, SHOWN_BYTES)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  return bytes.length > SHOWN_BYTES ? `${shown} …` : shown;
}
