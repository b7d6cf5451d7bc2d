import type { Codec, Decoded } from '@serval/api';
import { clientError, deferred, quiet, refuse, toError, type Deferred } from './outcomes';
import { sizeOf, watchPage, type PageSocket } from './page';
import { jittered, mayPass } from './reconnect';
import { webSocket } from './stream-socket';
import type {
  CloseReason,
  ConnectOptions,
  WebSocketClient,
  MessageCodec,
  OpeningClient,
  OpeningOptions,
  OutgoingMessage,
  PageCodec,
  ReceivedMessage,
  ReconnectOptions,
  Sent,
  ServerUri,
  Session,
  TypedClient,
  TypedConnectOptions,
} from './types';

/**
 * Connects with handlers in the options, or with `for await` over the client. With `reconnect` it connects again after
 * a loss. It is `connect` of Serval in Node, over the WebSocket of a page, a worker, Node, Bun or Deno.
 *
 * @returns the open connection, once `onOpen` has settled
 * @throws WS_DEPLOY_BAD_OPTION (as a rejection) for an unknown option, and the browser's error for an invalid URI
 * @throws WS_CONNECT_IO (as a rejection) when the WebSocket cannot be opened; a page does not learn why
 * @throws the reason of `signal` (as a rejection) when it aborts first
 *
 * @example
 * const client = await connect('/prices', { reconnect: true });
 * await client.send('tea');
 * for await (const message of client) console.log(message);
 */
export function connect<C extends Codec>(
  uri: ServerUri,
  options: TypedConnectOptions<C>,
): Promise<TypedClient<Decoded<[C]>, Sent<C>, C>>;
export function connect<In = ReceivedMessage, Out = OutgoingMessage>(
  uri: ServerUri,
  options?: ConnectOptions<In, Out>,
): Promise<WebSocketClient<In, Out>>;
export async function connect(uri: ServerUri, options: OpeningOptions = {}): Promise<unknown> {
  // A codec of `json` adds requests and messages by type, so that a page without it does not load them.
  const { client, opened } = (options.codecs?.[0]?.open ?? openClient)(uri, options as ConnectOptions, openClient);
  await opened;
  return client;
}

/** A send resolves when at most this many bytes wait in the browser. */
const LOW_WATER = 65_536;
/** A browser has no event for it. */
const LOOK_AGAIN_MS = 20;
/** The time that messages have to arrive after a clock that was late, as after the sleep of a laptop. */
const GRACE_MS = 1000;

/** A timer of more than 31 bits fires at once. */
const LONGEST_TIMER = 2_000_000_000;

/** A session, as the connection sees it. */
interface PageSession<Out> extends Session<Out> {
  readonly socket: PageSocket;
  isOpen(): boolean;
  /** Ends the session at once, whatever the peer does. */
  lose(code: number, reason: string): void;
  /** Finds out whether the peer is still there. */
  readonly probe: () => void;
}

/** A send that waits for a session. */
interface WaitingSend<Out> {
  readonly message: Out;
  readonly sent: Deferred<void>;
}

function openClient<In, Out>(uri: ServerUri, options: ConnectOptions<In, Out>): OpeningClient<In, Out> {
  const {
    onOpen,
    onText,
    onBinary,
    onMessage,
    onClose,
    onError,
    codecs = [],
    subprotocols = [],
    signal,
    reconnect,
    handshakeTimeout = 30_000,
    readIdleTimeout,
    pingMessage,
    pingInterval,
    pongTimeout = 20_000,
    maxQueuedBytes = 16_777_216,
    maxUnreadBytes = 16_777_216,
    socket = webSocket,
    ...others
  } = options;
  refuse(others);
  signal?.throwIfAborted();
  const {
    delay: choose,
    minDelay = 100,
    initialDelay = 1000,
    maxDelay = 30_000,
    maxAttempts = Infinity,
    minUptime = 5000,
    retryInitial,
    whileAway,
    maxQueuedMessages = 1000,
    maxQueuedBytes: maxWaitingBytes = 1_048_576,
    ...unknown
  } = Object(reconnect) as ReconnectOptions;
  refuse(unknown);
  const readyCodecs = codecs.map(instanceOf);
  const [firstCodec] = readyCodecs;
  /** How long the server may be silent, in milliseconds; 0 or undefined means forever. */
  const quietTime = pingMessage === undefined ? readIdleTimeout : pingInterval;
  const opened = deferred<void>();
  const closed = deferred<CloseReason>();
  /** Its signal aborts when the connection sends and receives no more. */
  const ending = new AbortController();
  const ended = ending.signal;
  const waiting: WaitingSend<Out>[] = [];
  let waitingBytes = 0;
  /** From the start of its handshake. */
  let latest: PageSession<Out> | undefined;
  /** From after its `onOpen`. */
  let session: PageSession<Out> | undefined;
  /** Failed attempts in a row. */
  let attempt = 0;
  /** When the latest session opened; 0 before that, and once its `onClose` has returned. */
  let since = 0;
  let retries = retryInitial;
  let lastReason = reasonOf(1006, '');
  let error: Error | undefined;
  /** Ends a handshake or a delay. */
  let interrupt = nothing;
  /** Ends a default delay after so many milliseconds. */
  let hasten: (milliseconds: number) => void = nothing;
  /** The message that the loop has not taken. */
  let held: { readonly message: In; readonly taken: () => void } | undefined;
  let arrived = nothing;

  const client: WebSocketClient<In, Out> = {
    closed: closed.promise,
    get session() {
      return session?.isOpen() && !ended.aborted ? session : undefined;
    },
    get state() {
      return client.session ? 'open' : ended.aborted || !reconnect ? 'closed' : 'away';
    },
    get error() {
      return error;
    },
    send: (message) => quiet(send(message)),
    close: (code, phrase) => quiet(close(code, phrase)),
    [Symbol.asyncIterator]: () => loop,
  };
  const loop = messages();

  signal?.addEventListener(
    'abort',
    () => {
      opened.reject(signal.reason);
      client.close();
    },
    { signal: ended },
  );
  watchPage(
    ended,
    () => {
      // Not at once: all tabs, and all computers of a house, are back at the same moment.
      hasten(jittered(minDelay, initialDelay, maxDelay, 1));
      if (pingMessage !== undefined) session?.probe();
    },
    // A page with an open connection does not get into the cache, or its connection dies there.
    () => reconnect && session?.lose(1001, 'hidden page'),
  );
  void run();
  return { client, opened: opened.promise };

  async function send(message: Out): Promise<void> {
    const { state } = client;
    if (state === 'open') return session?.send(message);
    if (state === 'closed' || !reconnect || whileAway === 'reject') throw unavailable(state);
    const bytes = waitingBytes + sizeOf(message);
    if (waiting.length >= maxQueuedMessages || bytes > maxWaitingBytes)
      throw clientError(
        'ILLEGAL_STATE',
        `Not sent: ${waiting.length} messages wait (reconnect.maxQueuedMessages, maxQueuedBytes).`,
      );
    waitingBytes = bytes;
    const sent = deferred<void>();
    waiting.push({ message, sent });
    // A handler that awaits the send and the next session would wait for each other.
    return since ? undefined : sent.promise;
  }

  async function close(code = 1000, phrase = ''): Promise<void> {
    if (ended.aborted) return;
    // It throws for a code that browsers refuse.
    latest?.socket.close(code, phrase);
    lastReason = reasonOf(code, phrase);
    stop();
    interrupt();
  }

  /** Ends messages in both directions. */
  function stop(): void {
    ending.abort();
    held?.taken();
    held = undefined;
    arrived();
    for (const { sent } of waiting.splice(0)) sent.reject(unavailable('closed'));
  }

  /** One attempt after the other, and the session of each. Never rejects. */
  async function run(): Promise<void> {
    let lost = 0;
    let end: CloseReason | Error | undefined;
    while (!end) {
      const cause = await stay();
      const now = Date.now();
      if (since || !lost) lost = now;
      if (since && now - since >= minUptime) attempt = 0;
      since = 0;
      attempt += 1;
      end = await pause(cause, now - lost).catch(toError);
    }
    // A close reason is an orderly end.
    if (end instanceof Error) error = end;
    stop();
    opened.reject(error ?? unavailable('closed'));
    closed.resolve(lastReason);
  }

  /** Connects, and stays until the session is over. Never rejects. */
  async function stay(): Promise<CloseReason | Error> {
    const { promise, resolve } = deferred<CloseReason | Error>();
    const clock = setTimeout(
      resolve,
      handshakeTimeout,
      clientError('CONNECT_TIMEOUT', `Not connected in ${handshakeTimeout} ms (handshakeTimeout).`),
    );
    let failure: Error | undefined;
    latest = undefined;
    interrupt = () => resolve(unavailable('closed', 'CONNECT_IO'));
    try {
      // Before a session opens, only an error ends the attempt.
      const address = await Promise.race([typeof uri === 'function' ? uri() : uri, promise as Promise<Error>]);
      if (!(address instanceof Error))
        latest = openSession(socket(String(address), subprotocols as string[]), begin, resolve);
    } catch (thrown) {
      resolve(toError(thrown));
    }
    const end = await promise;
    const here = latest;
    clearTimeout(clock);
    session = undefined;
    if (end instanceof Error) here?.socket.close();
    else if (here) {
      lastReason = end;
      await guard(here, () => onClose?.(end, here));
    }
    return failure ?? end;

    async function begin(opening: PageSession<Out>): Promise<void> {
      clearTimeout(clock);
      interrupt = nothing;
      since = Date.now();
      failure = await guard(opening, async () => {
        await onOpen?.(opening, { attempt });
        session = opening;
        retries = true;
        opened.resolve();
        waitingBytes = 0;
        // The messages that wait leave, in order.
        for (const { message, sent } of waiting.splice(0)) opening.send(message).then(sent.resolve, sent.reject);
      });
      // A page may not send 1011.
      if (failure) opening.lose(1011, 'onOpen failed');
    }
  }

  /**
   * Begins a session on a socket that connects.
   *
   * @param begin runs when the socket is open, and never rejects
   * @param finish runs once, after all handlers: with an error if the socket did not open
   */
  function openSession(
    socket: PageSocket,
    begin: (session: PageSession<Out>) => Promise<void>,
    finish: (end: CloseReason | Error) => void,
  ): PageSession<Out> {
    const ending = new AbortController();
    const over = ending.signal;
    /** The handler that runs, at first `onOpen`, and the messages behind it. */
    let reading: Promise<void> | undefined;
    let unreadBytes = 0;
    /** The last of the sends that wait for an asynchronous codec; later ones follow it. */
    let sending: Promise<unknown> | undefined;
    let draining: Promise<void> | undefined;
    let clock: ReturnType<typeof setTimeout> | undefined;

    const session: PageSession<Out> = {
      data: {},
      signal: over,
      socket,
      get subprotocol() {
        return socket.protocol;
      },
      isOpen: () => socket.readyState === 1 && !over.aborted,
      send: (message) => quiet(send(message)),
      close: (code, phrase) => (over.aborted ? Promise.resolve() : client.close(code, phrase)),
      lose(code, reason) {
        end(reasonOf(code, reason));
        // A page may not send codes below 3000: 4006 says to the server what 1006 says here.
        socket.close(code + 3000, reason);
      },
      probe() {
        if (pingMessage !== undefined) session.send(pingMessage);
        watch(pingMessage === undefined ? GRACE_MS : pongTimeout, () => session.lose(1006, 'silent server'));
      },
    };

    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      reading = begin(session);
      heard();
    };
    socket.onmessage = ({ data }: { readonly data: string | ArrayBuffer }) => {
      if (over.aborted) return undefined;
      heard();
      if (firstCodec?.takes?.(data)) return undefined;
      const size = sizeOf(data);
      unreadBytes += size;
      // One message may be larger.
      if (unreadBytes > Math.max(size, maxUnreadBytes)) session.lose(1009, 'more is unread than maxUnreadBytes');
      return (reading = reading?.then(() => {
        unreadBytes -= size;
        return receive(typeof data === 'string' ? data : new Uint8Array(data));
      }));
    };
    socket.onclose = end;
    // The close event follows, and a page learns nothing from this one.
    socket.onerror = nothing;
    return session;

    async function send(message: Out): Promise<void> {
      const data = encode(message);
      if (!sending && !(data instanceof Promise)) return transmit(data);
      // A codec is asynchronous: messages leave in the order of the calls.
      const encoded = quiet(Promise.resolve(data));
      const sent = Promise.resolve(sending)
        .then(() => encoded)
        .then(transmit);
      sending = sent.catch(() => undefined);
      return sent;
    }

    async function transmit(data: OutgoingMessage): Promise<void> {
      if (!session.isOpen()) throw unavailable('closed');
      const waiting = socket.bufferedAmount;
      if (waiting && waiting + sizeOf(data) > maxQueuedBytes)
        throw clientError('ILLEGAL_STATE', `Not sent: ${waiting} bytes wait (maxQueuedBytes).`);
      socket.send(data);
      return socket.bufferedAmount > LOW_WATER ? (draining ??= drain()) : undefined;
    }

    async function drain(): Promise<void> {
      while (socket.bufferedAmount > LOW_WATER) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        if (over.aborted) throw unavailable('lost');
      }
      draining = undefined;
    }

    function end(reason: CloseReason): void {
      if (over.aborted) return;
      ending.abort();
      clearTimeout(clock);
      if (reading) void reading.then(() => finish(reason));
      else finish(clientError('CONNECT_IO', `Not connected (${reason.code}); a page learns no more.`));
    }

    function heard(): void {
      watch(quietTime, session.probe);
    }

    function watch(milliseconds: number | undefined, then: () => void): void {
      clearTimeout(clock);
      if (milliseconds) clock = setTimeout(then, milliseconds);
    }
  }

  /** Waits until the next attempt is due. @returns the cause if there is none */
  async function pause(cause: CloseReason | Error, elapsed: number): Promise<CloseReason | Error | undefined> {
    if (ended.aborted) return lastReason;
    if (!reconnect || !retries) return cause;
    const defaultDelay =
      attempt <= maxAttempts && mayPass(cause) && jittered(minDelay, initialDelay, maxDelay, attempt);
    const delay = await (choose?.({ attempt, cause, elapsed, defaultDelay }) ?? defaultDelay);
    if (delay === false) return cause;
    if (!(delay >= 0)) throw clientError('DEPLOY_BAD_OPTION', `reconnect.delay: ${delay}.`);
    let clock;
    await new Promise<void>((resolve) => {
      interrupt = resolve;
      clock = setTimeout(resolve, Math.min(delay, LONGEST_TIMER));
      hasten = (milliseconds) => delay === defaultDelay && setTimeout(resolve, milliseconds);
      if (ended.aborted) resolve();
    });
    clearTimeout(clock);
    return ended.aborted ? lastReason : undefined;
  }

  function encode(message: Out): OutgoingMessage | Promise<OutgoingMessage> {
    if (typeof message === 'string' || message instanceof ArrayBuffer || ArrayBuffer.isView(message)) return message;
    if (!firstCodec || message === undefined || message === null)
      throw clientError('ILLEGAL_ARGUMENT', `send takes text, bytes, or a value for codecs; found ${typeof message}.`);
    return firstCodec.encode(message);
  }

  /** Runs the handler of a message. Never rejects. */
  async function receive(data: ReceivedMessage): Promise<void> {
    // Undefined if onOpen failed.
    const here = session;
    if (!here) return;
    await guard(here, async () => {
      const isText = typeof data === 'string';
      const raw = isText ? onText : onBinary;
      if (raw) return raw(data as never, here);
      const codec = readyCodecs.find(({ format }) => !format || (format === 'text') === isText);
      // Without a codec, In is the message as it arrives.
      const message = codec ? await codec.decode(data as never) : (data as In);
      if (onMessage) return onMessage(message, here);
      if (!onText && !onBinary && !ended.aborted)
        await new Promise<void>((taken) => {
          held = { message, taken };
          arrived();
        });
    });
  }

  /** The messages of the loop. It holds one; the session reads no further until the loop takes it. */
  async function* messages(): AsyncGenerator<In, undefined> {
    try {
      for (;;) {
        if (!held && !ended.aborted) await new Promise<void>((resolve) => (arrived = resolve));
        if (!held) return;
        const { message, taken } = held;
        held = undefined;
        taken();
        yield message;
      }
    } finally {
      client.close();
    }
  }

  /** Runs a handler. @returns its error, which onError has received. Never rejects */
  async function guard(from: Session<Out>, handler: () => unknown): Promise<Error | undefined> {
    try {
      await handler();
      return undefined;
    } catch (thrown) {
      const failure = toError(thrown);
      try {
        if (!onError) throw failure;
        await onError(failure, from);
      } catch (unhandled) {
        console.error(unhandled);
      }
      return failure;
    }
  }
}

function unavailable(state: string, code = 'IO'): Error {
  return clientError(code, `The connection is ${state}.`);
}

function reasonOf(code: number, reason: string): CloseReason {
  return { code, reason, wasClean: code !== 1006 };
}

/** A codec, and `text` or `binary` if it takes only these messages. */
function instanceOf<In, Out>(codec: PageCodec<In, Out>): MessageCodec<In, Out> & { readonly format?: string } {
  return typeof codec === 'function' ? Object.assign(new codec(), codec.decodes) : codec;
}

function nothing(): void {
  // Nothing to end.
}
