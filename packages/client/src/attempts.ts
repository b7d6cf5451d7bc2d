import { HandshakeException, type CloseReason } from '@serval/api';
import { pause } from '@serval/api/spi';
import { toError, type SessionEnd, type WsSession } from '@serval/container';
import type { PreparedConnect, ServerUri } from './connect-options';
import { Deadline } from './deadline';

/** A session and its end. */
export interface Stay {
  readonly session: WsSession;
  /** In `performance.now()` time. */
  readonly since: number;
  readonly ended: Promise<SessionEnd>;
}

/** A failed attempt. */
export interface Failure {
  readonly error: Error;
  /** The error; or, if the attempt opened a session that the other side ended, the reason of that end. */
  readonly cause: CloseReason | Error;
}

/** Opens one session after the other, as long as the policy allows. */
export class Attempts {
  /** Ends handshakes and delays, and prevents new ones. */
  readonly #giveUp = new AbortController();
  /** Attempts since a session was last open for `minUptime`. */
  #count = 0;
  #error: Error | undefined;

  /**
   * @param uri may contain a password
   * @param onSession called with each session, just before its `onOpen`
   */
  constructor(
    private readonly uri: ServerUri,
    private readonly parts: PreparedConnect,
    private readonly onSession: (session: WsSession) => void,
  ) {}

  /** Aborts once no further attempt may begin. */
  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  /** The error that prevents another attempt. */
  get error(): Error | undefined {
    return this.#error;
  }

  giveUp(why: HandshakeException): void {
    this.#giveUp.abort(why);
  }

  /** The first session. Attempts again after a failure if the policy says so. */
  async first(): Promise<Stay | Failure> {
    const { container, policy } = this.parts;
    const outcome = await this.#attempt();
    // A client that began after the stop has no stop listener.
    const isEnded = this.signal.aborted || container.isStopped;
    if (!('error' in outcome) || isEnded || policy?.retryInitial !== true) return outcome;
    const regained = await this.#regain(outcome.cause);
    return regained ?? { ...outcome, error: this.#error ?? outcome.error };
  }

  /** Whether another session may follow one that ended like this. */
  mayFollow({ isClosedHere }: SessionEnd): boolean {
    return !this.signal.aborted && !isClosedHere && this.parts.policy !== undefined;
  }

  /** The session that follows a lost one. @returns undefined when no further attempt follows */
  next({ since }: Stay, lost: CloseReason): Promise<Stay | undefined> {
    if (performance.now() - since >= (this.parts.policy?.minUptime ?? Infinity)) this.#count = 0;
    return this.#regain(lost);
  }

  /** Attempts until one succeeds. @returns undefined when no further attempt follows */
  async #regain(lost: CloseReason | Error): Promise<Stay | undefined> {
    const since = performance.now();
    let elapsed = 0;
    for (let cause = lost; ; elapsed = performance.now() - since) {
      const delay = await this.#decide(cause, elapsed);
      if (delay === false || !(await this.#wait(delay))) return undefined;
      this.#count += 1;
      const outcome = await this.#attempt();
      if (!('error' in outcome)) return outcome;
      if (this.signal.aborted) return undefined;
      cause = outcome.cause;
    }
  }

  /** The delay before the next attempt in milliseconds, or false for none. */
  async #decide(cause: CloseReason | Error, elapsed: number): Promise<number | false> {
    const attempt = this.#count + 1;
    const { container, endpoint, policy } = this.parts;
    const { name } = endpoint.plan;
    let error = cause instanceof Error ? cause : undefined;
    let delay: number | false | undefined = false;
    try {
      const decided = policy?.next(attempt, cause, elapsed);
      delay = typeof decided === 'object' ? await unlessAborted(decided, this.signal) : decided;
    } catch (thrown) {
      error = toError(thrown);
    }
    if (this.signal.aborted) return false;
    if (typeof delay === 'number') {
      container.diagnostics.report({ kind: 'reconnecting', endpoint: name, attempt, delay, cause });
      return delay;
    }
    this.#error = error;
    const isOrderly = error === undefined && this.#count === 0;
    if (!isOrderly)
      container.diagnostics.report({ kind: 'reconnect-given-up', endpoint: name, attempt, cause: error ?? cause });
    return false;
  }

  /** @returns false if the client was closed or stopped in the meantime */
  async #wait(delay: number): Promise<boolean> {
    try {
      // The delay keeps the process alive, as an open session does.
      await pause(delay, this.signal);
      return true;
    } catch {
      return false;
    }
  }

  async #attempt(): Promise<Stay | Failure> {
    const { container, endpoint } = this.parts;
    const { signal } = this;
    const begun: { stay: Stay | undefined } = { stay: undefined };
    const onBegun = (session: WsSession): void => {
      begun.stay = stayOf(session);
      this.onSession(session);
    };
    try {
      const uri = await this.#serverUri();
      const session = await container.attempt(endpoint, uri, { attempt: this.#count, signal, begun: onBegun });
      return begun.stay ?? stayOf(session);
    } catch (thrown) {
      const error = toError(thrown);
      // @OnOpen failed: its session ends properly before anything else happens.
      const end = await begun.stay?.ended;
      return { error, cause: end === undefined || end.isClosedHere ? error : end.reason };
    }
  }

  async #serverUri(): Promise<unknown> {
    if (typeof this.uri !== 'function') return this.uri;
    const { handshakeTimeoutMs } = this.parts.container;
    const deadline = new Deadline(handshakeTimeoutMs, () => uriTookTooLong(handshakeTimeoutMs));
    try {
      return await unlessAborted(deadline.within(this.uri()), this.signal);
    } catch (thrown) {
      if (thrown === deadline.error) throw thrown;
      const cause = toError(thrown);
      const message = `The function for the server's URI threw: ${cause.message}`;
      throw new HandshakeException(message, cause, 'WS_CONNECT_ENDPOINT');
    } finally {
      deadline.clear();
    }
  }
}

function stayOf(session: WsSession): Stay {
  return { session, since: performance.now(), ended: session.life.whenClosed() };
}

function uriTookTooLong(milliseconds: number): HandshakeException {
  return new HandshakeException(
    `The function for the server's URI did not settle within ${milliseconds} ms (handshakeTimeout).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}

/** Settles like the promise, or resolves to undefined as soon as the signal aborts. */
export function unlessAborted<T>(going: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    going.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
