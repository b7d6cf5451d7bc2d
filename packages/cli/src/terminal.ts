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
