import type { Readable, Writable } from 'node:stream';

/** The streams and signals of a command. */
export interface Terminal {
  /** `isTTY` is true if a person types. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls the listener for SIGINT and SIGTERM. @returns a function that removes the listener */
  onSignal(listener: (signal: Signal) => void): () => void;
}

/** A signal that stops a command. */
export type Signal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  return {
    stdin,
    stdout,
    stderr,
    env,
    onSignal(listener) {
      for (const signal of SIGNALS) process.on(signal, listener);
      return () => SIGNALS.forEach((signal) => process.off(signal, listener));
    },
  };
}

/**
 * Writes to a stream that may already be full.
 *
 * @returns undefined if there is room at once; otherwise a promise that settles when there is room again, or when the
 * stream closes
 */
export function write(stream: Writable, data: string | Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.write(data)) return undefined;
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle);
      resolve();
    };
    stream.on('drain', settle).on('close', settle);
  });
}

// C0 except tab and line feed, DEL, C1, and the characters that change the direction of writing.
// eslint-disable-next-line no-control-regex -- the pattern finds control characters
const DRIVES_TERMINALS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Escapes control characters, so that text from a peer cannot control the terminal. */
export function harmless(text: string): string {
  return text.replace(DRIVES_TERMINALS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Like {@link harmless}, and replaces each line break with a space. */
export function oneLine(text: string): string {
  return harmless(text.replace(/\s*\n\s*/g, ' '));
}
