import type { Signal } from './terminal';

/** The exit codes of the commands, for scripts. */
export const EXIT = {
  OK: 0,
  /** Any other error. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** `connect`: no connection, or no TLS. `serve`: the server could not start. */
  UNREACHABLE: 3,
  /** The server or a proxy answered and refused. */
  REFUSED: 4,
  /** The WebSocket was lost, or closed with a code other than 1000 or 1001. */
  CLOSED: 5,
} as const;

/** 128 plus the signal's number, as shells report it. */
const BY_SIGNAL: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

export function exitCodeOf(signal: Signal): number {
  return BY_SIGNAL[signal];
}
