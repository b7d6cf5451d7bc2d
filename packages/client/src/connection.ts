import {
  CloseReason,
  HandshakeException,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  type Session,
} from '@serval/api';
import { closeReasonOf, describeValue, pause, showAs } from '@serval/api/spi';
import { asBytes, rejected, toError, tolerateNeglect, type SessionEnd, type WsSession } from '@serval/container';
import { prepareConnect, type ConnectOptions, type PreparedConnect, type ServerUri } from './connect-options';
import { Deadline } from './deadline';
import type { ReceivedMessage } from './message-stream';
import { WaitingSends, type OutgoingMessage } from './waiting-sends';

/**
 * `'open'`: the connection sends messages. `'away'`: it is lost and may reconnect. `'closed'`: it has ended or is about to
 * end.
 */
export type ConnectionState = 'open' | 'away' | 'closed';

/** A session and its end. */
interface Stay {
  readonly session: WsSession;
  /** In `performance.now()` time. */
  readonly since: number;
  readonly ended: Promise<SessionEnd>;
}

/** A failed attempt. */
interface Failure {
  readonly error: Error;
  /** The error; or, if the attempt opened a session that the other side ended, the reason of that end. */
  readonly cause: CloseReason | Error;
}

/**
 * Connects with handlers in the options, with `for await` over the connection, or with an endpoint. With `reconnect` it
 * connects again after a loss. The handlers are registered before the first byte is read.
 *
 * @param uri `ws:`, `wss:` or `ws+unix:`, without a fragment; a function runs for each attempt
 * @returns the open connection, once `onOpen` has settled
 * @throws DeploymentException (as a rejection) when an option or the endpoint is invalid
 * @throws HandshakeException (as a rejection), a subclass of DeploymentException, when the WebSocket cannot be opened
 * @throws the reason of `signal` (as a rejection) when it aborts first
 *
 * @example
 * const connection = await connect('wss://example.com/prices', { reconnect: true });
 * await connection.send('tea');
 * for await (const message of connection) console.log(message);
 */
export async function connect(uri: ServerUri, options: ConnectOptions = {}): Promise<Connection> {
  return Connection.open(uri, prepareConnect(options), options.signal);
}

/** The result of `connect`: one session or, with `reconnect`, one session after the other. */
export class Connection implements AsyncIterable<ReceivedMessage> {
  /**
   * Resolves once the connection has ended and does not reconnect: to the reason of the last session, or to that of
   * `close` if no session was open. Never rejects.
   */
  readonly closed: Promise<CloseReason>;
  readonly #resolveClosed: (reason: CloseReason) => void;
  /** It may contain a password. */
  readonly #uri: ServerUri;
  readonly #waiting: WaitingSends;
  /** Ends handshakes and delays, and prevents new ones. */
  readonly #giveUp = new AbortController();
  /** The last session, from just before its `onOpen`. */
  #latest: WsSession | undefined;
  /** The session, from after its `onOpen` until its `onClose` has returned. */
  #session: WsSession | undefined;
  /** The session to which waiting messages are being sent. */
  #catchingUp: WsSession | undefined;
  /** Attempts since the connection was last open for `minUptime`. */
  #attempts = 0;
  #closeReason: CloseReason | undefined;
  #isOver = false;
  #error: Error | undefined;

  private constructor(
    uri: ServerUri,
    private readonly parts: PreparedConnect,
  ) {
    this.#uri = uri;
    let resolveClosed: (reason: CloseReason) => void;
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#resolveClosed = (reason) => resolveClosed(reason);
    this.#waiting = new WaitingSends(parts.policy ?? { maxQueuedMessages: 0, maxQueuedBytes: 0 });
    if (parts.stream !== undefined) parts.stream.whenLeft = () => void this.close();
  }

  /** @internal */
  static async open(uri: ServerUri, parts: PreparedConnect, signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted();
    const connection = new Connection(uri, parts);
    const onAbort = (): void => void connection.close();
    signal?.addEventListener('abort', onAbort, { once: true });
    const { stopListeners } = parts.container;
    const onStop = (why: HandshakeException): void => connection.#giveUp.abort(why);
    stopListeners.add(onStop);
    void connection.closed.then(() => {
      signal?.removeEventListener('abort', onAbort);
      stopListeners.delete(onStop);
    });
    const first = await unlessAborted(connection.#first(), connection.#giveUp.signal);
    if (first === undefined || 'error' in first) {
      connection.#finish(new CloseReason(1006));
      if (first !== undefined) throw first.error;
      throw signal?.aborted === true ? signal.reason : connection.#giveUp.signal.reason;
    }
    void connection.#keep(first);
    return connection;
  }

  /** The open session, or undefined while the connection is away and after its end. */
  get session(): Session | undefined {
    return this.state === 'open' ? this.#session : undefined;
  }

  get state(): ConnectionState {
    if (this.#isOver) return 'closed';
    if (this.#session?.life.canSend === true) return 'open';
    return this.parts.policy === undefined ? 'closed' : 'away';
  }

  /** The error that ended the connection, if it was an error; then there is no further attempt. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * Sends a string as text, bytes as a binary message, and anything else with the first encoder that accepts it. Messages
   * leave in call order. While the connection is away, `reconnect.whileAway` decides whether the message waits or the
   * promise rejects.
   *
   * The promise resolves once a session has accepted the message for sending, as with `getBasicRemote()`. It rejects with
   * IOException when the connection is lost or ends first, with IllegalStateException when too many messages wait, and
   * with IllegalArgumentException for null and undefined. You need not await it. The connection does not copy bytes.
   *
   * While a session begins (`onOpen`) or is lost (until `onClose` has returned), the promise resolves as soon as the
   * message waits. Otherwise a handler that awaits it and the next session would wait for each other.
   */
  send(message: OutgoingMessage): Promise<void> {
    try {
      return this.#send(requireMessage(message));
    } catch (error) {
      return rejected(error);
    }
  }

  #send(message: OutgoingMessage): Promise<void> {
    const session = this.state === 'open' ? this.#session : undefined;
    if (session !== undefined && this.#catchingUp === undefined) return tolerateNeglect(deliver(session, message));
    if (this.state === 'closed')
      return rejected(new IOException('The message was not sent: the connection is closed.'));
    if (session === undefined && this.parts.policy?.queues !== true)
      return rejected(new IOException('The message was not sent: the connection is away.'));
    const sending = this.#waiting.add(message);
    // Otherwise a handler that awaits the send and the next session would wait for each other.
    if (session === undefined && this.#latest?.isOpen() === true) this.#waiting.release();
    return sending;
  }

  /**
   * Ends the connection without reconnecting. You may call it at any time. An open session closes with a close frame,
   * after earlier messages; a handshake or a delay ends at once. Resolves like `session.close`; {@link closed} resolves at
   * the end. Waiting sends reject.
   *
   * @param reason a CloseReason or its code; default 1000
   * @throws IllegalArgumentException (as a rejection) for an invalid reason or code, or a phrase over 123 bytes; the
   * connection then stays open
   */
  close(reason: CloseReason | number = 1000, phrase?: string): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    try {
      this.#closeReason = closeReasonOf('close', reason, phrase);
    } catch (error) {
      return rejected(error);
    }
    this.#end();
    this.#giveUp.abort(
      new HandshakeException('The connection was closed before it opened.', undefined, 'WS_CONNECT_IO'),
    );
    return this.#latest?.close(this.#closeReason) ?? Promise.resolve();
  }

  /**
   * Iterates over the messages of one session after the other: text as string, binary as Buffer. The client reads from the
   * socket only as far as the loop needs. The loop ends with the connection. Leaving it earlier (`break`, `return`, an
   * exception) closes the connection.
   *
   * @throws IllegalStateException when handlers or an endpoint receive the messages
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage> {
    if (this.parts.stream !== undefined) return this.parts.stream;
    throw new IllegalStateException(
      'The messages of this connection go to its handlers; leave out onText, onBinary and endpoint to read them with for await.',
    );
  }

  /** Closes the connection and waits for its end: `await using connection = await connect(uri)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.closed;
  }

  static {
    showAs(Connection, 'Connection', ({ state }) => state);
  }

  get #isGivenUp(): boolean {
    return this.#giveUp.signal.aborted;
  }

  // --- one session after the other ----------------------------------------------------------------------------------

  async #first(): Promise<Stay | Failure> {
    const { container, policy } = this.parts;
    const outcome = await this.#attempt();
    // A connection that began after the stop has no stop listener.
    const isEnded = this.#isGivenUp || container.isStopped;
    if (!('error' in outcome) || isEnded || policy?.retryInitial !== true) return outcome;
    const regained = await this.#regain(outcome.cause);
    return regained ?? { ...outcome, error: this.#error ?? outcome.error };
  }

  /** Never rejects. */
  async #keep(first: Stay): Promise<void> {
    for (let stay = first; ;) {
      this.#session = stay.session;
      void this.#catchUp(stay.session);
      const { reason, isClosedHere } = await stay.ended;
      this.#session = undefined;
      // Its sends may take as long to settle as its connection takes to end.
      this.#catchingUp = undefined;
      const { policy } = this.parts;
      if (this.#isGivenUp || isClosedHere || policy === undefined) return this.#finish(reason);
      if (performance.now() - stay.since >= policy.minUptime) this.#attempts = 0;
      const next = await this.#regain(reason);
      if (next === undefined) return this.#finish(this.#closeReason ?? reason);
      stay = next;
    }
  }

  /** Attempts until one succeeds. @returns undefined when no further attempt follows */
  async #regain(lost: CloseReason | Error): Promise<Stay | undefined> {
    const since = performance.now();
    let elapsed = 0;
    for (let cause = lost; ; elapsed = performance.now() - since) {
      const delay = await this.#decide(cause, elapsed);
      if (delay === false || !(await this.#wait(delay))) return undefined;
      this.#attempts += 1;
      const outcome = await this.#attempt();
      if (!('error' in outcome)) return outcome;
      if (this.#isGivenUp) return undefined;
      cause = outcome.cause;
    }
  }

  /** The delay before the next attempt in milliseconds, or false for none. */
  async #decide(cause: CloseReason | Error, elapsed: number): Promise<number | false> {
    const attempt = this.#attempts + 1;
    const { container, endpoint, policy } = this.parts;
    const { name } = endpoint.plan;
    let error = cause instanceof Error ? cause : undefined;
    let delay: number | false | undefined = false;
    try {
      const decided = policy?.next(attempt, cause, elapsed);
      delay = typeof decided === 'object' ? await unlessAborted(decided, this.#giveUp.signal) : decided;
    } catch (thrown) {
      error = toError(thrown);
    }
    if (this.#isGivenUp) return false;
    if (typeof delay === 'number') {
      container.diagnostics.report({ kind: 'reconnecting', endpoint: name, attempt, delay, cause });
      return delay;
    }
    this.#error = error;
    const isOrderly = error === undefined && this.#attempts === 0;
    if (!isOrderly)
      container.diagnostics.report({ kind: 'reconnect-given-up', endpoint: name, attempt, cause: error ?? cause });
    return false;
  }

  /** @returns false if the connection was closed or stopped in the meantime */
  async #wait(delay: number): Promise<boolean> {
    try {
      // The delay keeps the process alive, as an open connection does.
      await pause(delay, this.#giveUp.signal);
      return true;
    } catch {
      return false;
    }
  }

  async #attempt(): Promise<Stay | Failure> {
    const { container, endpoint } = this.parts;
    const { signal } = this.#giveUp;
    const begun: { stay: Stay | undefined } = { stay: undefined };
    const onBegun = (session: WsSession): void => {
      this.#latest = session;
      begun.stay = stayOf(session);
      // close() ran in the same turn in which the handshake finished.
      if (this.#closeReason !== undefined) void session.close(this.#closeReason);
    };
    try {
      const uri = await this.#serverUri();
      const session = await container.attempt(endpoint, uri, { attempt: this.#attempts, signal, begun: onBegun });
      return begun.stay ?? stayOf(session);
    } catch (thrown) {
      const error = toError(thrown);
      // @OnOpen failed: its session ends properly before anything else happens.
      const end = await begun.stay?.ended;
      return { error, cause: end === undefined || end.isClosedHere ? error : end.reason };
    }
  }

  async #serverUri(): Promise<unknown> {
    if (typeof this.#uri !== 'function') return this.#uri;
    const { handshakeTimeoutMs } = this.parts.container;
    const deadline = new Deadline(handshakeTimeoutMs, () => uriTookTooLong(handshakeTimeoutMs));
    try {
      return await unlessAborted(deadline.within(this.#uri()), this.#giveUp.signal);
    } catch (thrown) {
      if (thrown === deadline.error) throw thrown;
      const cause = toError(thrown);
      const message = `The function for the server's URI threw: ${cause.message}`;
      throw new HandshakeException(message, cause, 'WS_CONNECT_ENDPOINT');
    } finally {
      deadline.clear();
    }
  }

  /** Sends the waiting messages. New messages follow them. */
  async #catchUp(session: WsSession): Promise<void> {
    if (this.#waiting.isEmpty) return;
    this.#catchingUp = session;
    while (session.life.canSend) {
      const send = this.#waiting.take();
      if (send === undefined) break;
      await deliver(session, send.message).then(send.resolve, send.reject);
    }
    if (this.#catchingUp === session) this.#catchingUp = undefined;
    // The session was lost before all of them left. Its handlers may await them, and the next session waits for those.
    if (!session.life.canSend && session.isOpen()) this.#waiting.release();
  }

  /** Ends messages in both directions. */
  #end(): void {
    this.#isOver = true;
    this.parts.stream?.end();
    this.#waiting.end(new IOException('The message was not sent: the connection has ended.'));
  }

  #finish(reason: CloseReason): void {
    this.#end();
    this.#resolveClosed(reason);
  }
}

function uriTookTooLong(milliseconds: number): HandshakeException {
  return new HandshakeException(
    `The function for the server's URI did not settle within ${milliseconds} ms (handshakeTimeout).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}

function stayOf(session: WsSession): Stay {
  return { session, since: performance.now(), ended: session.life.whenClosed() };
}

/** Passes a message to the session within the call, so that messages stay in order. */
async function deliver(session: Session, message: OutgoingMessage): Promise<void> {
  const remote = session.getBasicRemote();
  if (typeof message === 'string') return remote.sendText(message);
  if (message instanceof Uint8Array) return remote.sendBinary(message);
  return remote.sendObject(message);
}

/** @throws IllegalArgumentException for null and undefined, and for bytes of a detached buffer */
function requireMessage(message: unknown): OutgoingMessage {
  if (message === undefined || message === null)
    throw new IllegalArgumentException(`send takes a string, bytes or an object; found ${describeValue(message)}.`);
  return asBytes(message) ?? message;
}

/** Settles like the promise, or resolves to undefined as soon as the signal aborts. */
function unlessAborted<T>(going: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    going.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
