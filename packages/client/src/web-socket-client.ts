import {
  CloseReason,
  HandshakeException,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  type OutgoingMessage,
  type SafePromise,
  type CodecClass,
  type DecoderClass,
  type EncoderClass,
  type AnsweredMessage,
  type ReplyTo,
  type RequestOptions,
  type Session,
} from '@serval/api';
import { closeReasonOf, describeValue, showAs } from '@serval/api/spi';
import { asBytes, rejected, tolerateNeglect, type WsSession } from '@serval/container';
import { Attempts, unlessAborted, type Stay } from './attempts';
import {
  prepareConnect,
  type ConnectOptions,
  type PreparedConnect,
  type Received,
  type Sent,
  type ServerUri,
} from './connect-options';
import type { ReceivedMessage } from './message-stream';
import { WaitingSends } from './waiting-sends';

/**
 * `'open'`: the client sends messages. `'away'`: its connection is lost, and it may reconnect. `'closed'`: it has ended or is
 * about to end.
 */
export type WebSocketClientState = 'open' | 'away' | 'closed';

/**
 * Connects with handlers in the options, with `for await` over the client, or with an endpoint. With `reconnect` it
 * connects again after a loss. The handlers are registered before the first byte is read.
 *
 * @param uri `ws:`, `wss:` or `ws+unix:`, without a fragment, or with `sockJs` also `http:` or `https:`; a function runs for
 * each attempt
 * @returns the connected client, once `onOpen` has settled
 * @throws DeploymentException (as a rejection) when an option or the endpoint is invalid
 * @throws HandshakeException (as a rejection), a subclass of DeploymentException, when the WebSocket cannot be opened
 * @throws the reason of `signal` (as a rejection) when it aborts first
 *
 * @example
 * const client = await connect('wss://example.com/prices', { reconnect: true });
 * await client.send('tea');
 * for await (const message of client) console.log(message);
 */
export async function connect<
  const D extends readonly DecoderClass[] = readonly [],
  const E extends readonly EncoderClass[] = readonly [],
  const C extends readonly CodecClass[] = readonly [],
>(
  uri: ServerUri,
  options: ConnectOptions<D, E, C> = {},
): Promise<WebSocketClient<Received<D, C>, Sent<E, C>, C[number]>> {
  // The type parameters follow from these options.
  return WebSocketClient.open(uri, prepareConnect(options as ConnectOptions));
}

/**
 * The result of `connect`: one session or, with `reconnect`, one session after the other. `In` is the type of the messages
 * in a loop over it, `Out` that of the messages that it sends, and `Codecs` a union of the codecs with `replies`.
 */
export class WebSocketClient<In = ReceivedMessage, Out = OutgoingMessage, Codecs = never> implements AsyncIterable<In> {
  /**
   * Resolves once the client has ended and does not reconnect: to the reason of the last session, or to that of
   * `close` if no session was open. Never rejects.
   */
  readonly closed: Promise<CloseReason>;
  readonly #resolveClosed: (reason: CloseReason) => void;
  readonly #attempts: Attempts;
  readonly #waiting: WaitingSends;
  /** The last session, from just before its `onOpen`. */
  #latest: WsSession | undefined;
  /** The session, from after its `onOpen` until its `onClose` has returned. */
  #session: WsSession | undefined;
  /** The session to which waiting messages are being sent. */
  #catchingUp: WsSession | undefined;
  #closeReason: CloseReason | undefined;
  #isOver = false;

  private constructor(
    uri: ServerUri,
    private readonly parts: PreparedConnect,
  ) {
    this.#attempts = new Attempts(uri, parts, (session) => this.#begun(session));
    let resolveClosed: (reason: CloseReason) => void;
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#resolveClosed = (reason) => resolveClosed(reason);
    this.#waiting = new WaitingSends(parts.policy ?? { maxQueuedMessages: 0, maxQueuedBytes: 0 });
    if (parts.stream !== undefined) parts.stream.whenLeft = () => void this.close();
  }

  /** @internal */
  static async open<In, Out, Codecs>(
    uri: ServerUri,
    parts: PreparedConnect,
  ): Promise<WebSocketClient<In, Out, Codecs>> {
    const { signal } = parts;
    signal?.throwIfAborted();
    const client = new WebSocketClient<In, Out, Codecs>(uri, parts);
    const onAbort = (): void => void client.close();
    signal?.addEventListener('abort', onAbort, { once: true });
    const { stopListeners } = parts.container;
    const onStop = (why: HandshakeException): void => client.#attempts.giveUp(why);
    stopListeners.add(onStop);
    void client.closed.then(() => {
      signal?.removeEventListener('abort', onAbort);
      stopListeners.delete(onStop);
    });
    const first = await unlessAborted(client.#attempts.first(), client.#attempts.signal);
    if (first === undefined || 'error' in first) {
      client.#finish(new CloseReason(1006));
      if (first !== undefined) throw first.error;
      throw signal?.aborted === true ? signal.reason : client.#attempts.signal.reason;
    }
    void client.#keep(first);
    return client;
  }

  /** The open session, or undefined while the client is away and after its end. */
  get session(): Session | undefined {
    return this.state === 'open' ? this.#session : undefined;
  }

  get state(): WebSocketClientState {
    if (this.#isOver) return 'closed';
    if (this.#session?.life.canSend === true) return 'open';
    return this.parts.policy === undefined ? 'closed' : 'away';
  }

  /** The error that ended the client, if it was an error; then there is no further attempt. */
  get error(): Error | undefined {
    return this.#attempts.error;
  }

  /**
   * Sends a string as text, bytes as a binary message, and anything else with the first encoder that accepts it. Messages
   * leave in call order. While the client is away, `reconnect.whileAway` decides whether the message waits or the
   * promise rejects.
   *
   * The promise resolves once a session has accepted the message for sending, as with `getBasicRemote()`. It rejects with
   * IOException when the connection is lost or the client ends first, with IllegalStateException when too many messages wait, and
   * with IllegalArgumentException for null and undefined. You need not await it. The client does not copy bytes.
   *
   * While a session begins (`onOpen`) or is lost (until `onClose` has returned), the promise resolves as soon as the
   * message waits. Otherwise a handler that awaits it and the next session would wait for each other.
   */
  send(message: Out): SafePromise<void> {
    try {
      return this.#send(requireMessage(message));
    } catch (error) {
      return rejected(error);
    }
  }

  /**
   * Sends an object and waits for the reply: what the server's handler returns. It needs a codec with `requests: true` on
   * both sides. If the codec's `replies` have the type of the object, the reply is the output of that schema. A request does
   * not wait for a connection: while the client is away, it rejects.
   *
   * @returns the reply; you need not await it
   * @throws ReplyException, ReplyTimeoutException, IOException, EncodeException or IllegalStateException (as a rejection),
   * as {@link Session.request}
   *
   * @example
   * const price = await client.request({ type: 'price', item: 'tea' }, { timeout: 5000 });
   */
  request<M extends AnsweredMessage<Out, Codecs> & object>(
    value: M,
    options?: RequestOptions & { readonly schema?: undefined },
  ): Promise<ReplyTo<M, Codecs>>;
  request<T = unknown>(value: Out & object, options?: RequestOptions<T>): Promise<T>;
  request(value: Out & object, options?: RequestOptions): Promise<unknown> {
    const { session } = this;
    if (session !== undefined) return session.request(value, options);
    return rejected(new IOException(`The request was not sent: the client is ${this.state}.`));
  }

  #send(message: OutgoingMessage): Promise<void> {
    const session = this.state === 'open' ? this.#session : undefined;
    if (session !== undefined && this.#catchingUp === undefined) return tolerateNeglect(deliver(session, message));
    if (this.state === 'closed') return rejected(new IOException('The message was not sent: the client is closed.'));
    if (session === undefined && this.parts.policy?.queues !== true)
      return rejected(new IOException('The message was not sent: the client is away.'));
    const sending = this.#waiting.add(message);
    // Otherwise a handler that awaits the send and the next session would wait for each other.
    if (session === undefined && this.#latest?.isOpen() === true) this.#waiting.release();
    return sending;
  }

  /**
   * Ends the client without reconnecting. You may call it at any time. An open session closes with a close frame,
   * after earlier messages; a handshake or a delay ends at once. Resolves like `session.close`; {@link closed} resolves at
   * the end. Waiting sends reject.
   *
   * @param reason a CloseReason or its code; default 1000
   * @throws IllegalArgumentException (as a rejection) for an invalid reason or code, or a phrase over 123 bytes; the
   * client then stays open
   */
  close(reason: CloseReason | number = 1000, phrase?: string): SafePromise<void> {
    if (this.#isOver) return Promise.resolve();
    try {
      this.#closeReason = closeReasonOf('close', reason, phrase);
    } catch (error) {
      return rejected(error);
    }
    this.#end();
    this.#attempts.giveUp(
      new HandshakeException('The client was closed before it connected.', undefined, 'WS_CONNECT_IO'),
    );
    return this.#latest?.close(this.#closeReason) ?? Promise.resolve();
  }

  /**
   * Iterates over the messages of one session after the other: the objects of `decoders` and `codecs`, or else text as string,
   * binary as Buffer. The client reads from the
   * socket only as far as the loop needs. The loop ends with the client. Leaving it earlier (`break`, `return`, an
   * exception) closes the client.
   *
   * @throws IllegalStateException when handlers or an endpoint receive the messages
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<In> {
    // In is the type of the decoders' objects, or of native messages.
    if (this.parts.stream !== undefined) return this.parts.stream as AsyncIterableIterator<In>;
    throw new IllegalStateException(
      'The messages of this client go to its handlers; leave out onText, onBinary, onMessage and endpoint to read them with for await.',
    );
  }

  /** Closes the client and waits for its end: `await using client = await connect(uri)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.closed;
  }

  static {
    showAs(WebSocketClient, 'WebSocketClient', ({ state }) => state);
  }

  // --- one session after the other ----------------------------------------------------------------------------------

  #begun(session: WsSession): void {
    this.#latest = session;
    // close() ran in the same turn in which the handshake finished.
    if (this.#closeReason !== undefined) void session.close(this.#closeReason);
  }

  /** Never rejects. */
  async #keep(first: Stay): Promise<void> {
    for (let stay = first; ;) {
      this.#session = stay.session;
      void this.#catchUp(stay.session);
      const end = await stay.ended;
      this.#session = undefined;
      // Its sends may take as long to settle as its connection takes to end.
      this.#catchingUp = undefined;
      if (!this.#attempts.mayFollow(end)) return this.#finish(end.reason);
      const next = await this.#attempts.next(stay, end.reason);
      if (next === undefined) return this.#finish(this.#closeReason ?? end.reason);
      stay = next;
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
    this.#waiting.end(new IOException('The message was not sent: the client has ended.'));
  }

  #finish(reason: CloseReason): void {
    this.#end();
    this.#resolveClosed(reason);
  }
}

/** Passes a message to the session within the call, so that messages stay in order. */
async function deliver(session: Session, message: OutgoingMessage): Promise<void> {
  return session.send(message);
}

/** @throws IllegalArgumentException for null and undefined, and for bytes of a detached buffer */
function requireMessage(message: unknown): OutgoingMessage {
  if (message === undefined || message === null)
    throw new IllegalArgumentException(`send takes a string, bytes or an object; found ${describeValue(message)}.`);
  return asBytes(message) ?? message;
}
