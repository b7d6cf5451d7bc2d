import { brand } from './brand';
import type { ErrorCode } from './errors';
import type { Session } from './session';

/** An error that belongs to one session. */
export class SessionException extends Error {
  override readonly name = 'SessionException';
  readonly code: ErrorCode = 'WS_SESSION';
  readonly #session: Session;

  constructor(message: string, cause: unknown, session: Session) {
    super(message, cause === undefined || cause === null ? undefined : { cause });
    this.#session = session;
  }

  /** The session in which the error occurred. */
  getSession(): Session {
    return this.#session;
  }
}

brand(SessionException, 'SessionException');
