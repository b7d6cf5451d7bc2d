import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes. */
export interface Terminal {
  /** `isTTY` is true where a person types. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls the listener for SIGINT and SIGTERM. @returns what stops that */
  onSignal(listener: (signal: Signal) => void): () => void;
}

/** What ends a command from outside. */
export type Signal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** That of this process. */
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
 * Writes where something may already wait to be written. Settles when there is room again, or nobody reads any more;
 * undefined when there is room at once.
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

// C0 but for tab and line feed, DEL, C1, and what changes the direction of writing.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const DRIVES_TERMINALS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** What a peer sends must not drive the terminal: control characters are shown as escapes. */
export function harmless(text: string): string {
  return text.replace(DRIVES_TERMINALS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for a message of one line, with a space for each line break. */
export function oneLine(text: string): string {
  return harmless(text.replace(/\s*\n\s*/g, ' '));
}
