import type { Signal } from './terminal';

/** What a command ends with, for scripts. */
export const EXIT = {
  OK: 0,
  /** An error that nobody foresaw. */
  FAILED: 1,
  /** The command line cannot be understood. */
  USAGE: 2,
  /** `connect`: no connection, or no TLS. `serve`: nothing could be served. */
  UNREACHABLE: 3,
  /** The server, or a proxy, has answered and not agreed. */
  REFUSED: 4,
  /** The WebSocket was closed with another code than 1000 or 1001, or was lost. */
  CLOSED: 5,
} as const;

/** As shells have it. */
const BY_SIGNAL: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

export function exitCodeOf(signal: Signal): number {
  return BY_SIGNAL[signal];
}
