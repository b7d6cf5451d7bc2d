import { PassThrough } from 'node:stream';
import type { Signal, Terminal } from '../src/terminal';

/** A terminal in memory. */
export class FakeTerminal implements Terminal {
  readonly stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  readonly stdout: PassThrough & { isTTY?: boolean } = new PassThrough();
  readonly stderr = new PassThrough();
  readonly #listeners = new Set<(signal: Signal) => void>();
  out = '';
  err = '';
  #wake = (): void => undefined;

  constructor(
    isTerminal = false,
    readonly env: Record<string, string> = {},
  ) {
    this.stdin.isTTY = isTerminal;
    this.stdout.isTTY = isTerminal;
    this.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.out += text;
      this.#wake();
    });
    this.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      this.#wake();
    });
  }

  onSignal(listener: (signal: Signal) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  signal(name: Signal): void {
    for (const listener of [...this.#listeners]) listener(name);
  }

  get signalListeners(): number {
    return this.#listeners.size;
  }

  /** The text that a person sees on stdout, without cleared lines. */
  get screen(): string {
    // eslint-disable-next-line no-control-regex -- the sequences move the cursor
    return this.out.replace(/\u001b\[\d*[A-LSTf]/g, '');
  }

  /** Settles when stdout, or stderr, contains the text. */
  async shows(text: string | RegExp): Promise<void> {
    const isThere = (): boolean =>
      [this.screen, this.err].some((shown) => (typeof text === 'string' ? shown.includes(text) : text.test(shown)));
    while (!isThere()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
