import {
  DecodeException,
  ReplyException,
  type Codec,
  type MessageCodec,
  type ReplyMessage,
  type RequestOptions,
  type SafePromise,
} from '@serval/api';
import { isRequestMessage, issuesOf, validatedReply, type RequestMessage } from '@serval/api/spi';
import { clientError, deferred, quiet, type Deferred } from './outcomes';
import type {
  ConnectOptions,
  OpenClient,
  OpeningClient,
  OutgoingMessage,
  Requests,
  ServerUri,
  Session,
  TypedSession,
} from './types';

// The parts of `connect` that a page loads only with `json`.

/** As in Node. */
const MAX_OPEN_REQUESTS = 1000;
const DEFAULT_TIMEOUT_MS = 20_000;

/** A message with this name or with an escaped one may be a reply. */
const MAY_BE_REPLY = /"replyTo"|\\u/;

type Handler = (message: unknown, session: TypedSession<unknown>) => unknown;

/** The options as `connect` receives them, whatever the types of their messages. */
interface Options extends Omit<ConnectOptions<unknown, unknown>, 'onMessage' | 'onOpen'> {
  readonly messages?: Readonly<Record<string, Handler | undefined>> | undefined;
  readonly onMessage?: Handler | undefined;
  readonly onOpen?: ((session: TypedSession<unknown>, info: never) => unknown) | undefined;
}

/** A request that the codec encodes when its turn comes, so that messages keep their order. */
class OutgoingRequest {
  constructor(
    readonly id: number,
    readonly message: unknown,
  ) {}
}

/**
 * Opens a client that has `request`, and functions for types of messages.
 *
 * @param json the first codec of the options
 * @param open opens a client without them
 */
export function openTyped(
  json: Codec,
  uri: ServerUri,
  options: object,
  open: OpenClient,
): OpeningClient<unknown, unknown> {
  const { messages = {}, onMessage, onOpen, codecs = [], ...others } = options as Options;
  const codec: MessageCodec<unknown, unknown, string> = new json();
  const functions = functionsByType(messages);
  const requests = new Map<unknown, Deferred<unknown>>();
  let lastId = 0;
  /** The session that receives messages, from its `onOpen` on. */
  let current: TypedSession<unknown> | undefined;
  const typed = { format: 'text', encode, decode, takes };

  const { client, opened } = open<unknown, unknown>(uri, {
    ...others,
    codecs: [typed, ...codecs.slice(1)],
    onOpen(session, info) {
      current = withRequests(session, () => session);
      return onOpen?.(current, info as never);
    },
    onMessage: functions.size > 0 || onMessage ? (message) => handle(message) : undefined,
  });
  // Its sessions close by it.
  const close = client.close.bind(client);
  const closing = {
    close: (code?: number, phrase?: string) => quiet(close(code, phrase).then(rejectRequests)),
  };
  return { client: withRequests(Object.assign(client, closing), () => client.session), opened };

  function withRequests<T extends object>(owner: T, session: () => Session<unknown> | undefined) {
    const ask = (message: unknown, options: RequestOptions = {}): SafePromise<unknown> =>
      quiet(request(session(), message, options));
    // Without a schema, the caller vouches for the type.
    return Object.assign(owner, { request: ask as Requests<unknown>['request'] });
  }

  async function request(
    session: Session<unknown> | undefined,
    message: unknown,
    { timeout = DEFAULT_TIMEOUT_MS, signal, schema }: RequestOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    if (!json.requests) throw clientError('ILLEGAL_STATE', 'request needs json(schema, { requests: true }).');
    if (!session || session.signal.aborted) throw clientError('IO', 'The request was not sent: no session is open.');
    if (requests.size >= MAX_OPEN_REQUESTS)
      throw clientError('ILLEGAL_STATE', `The request was not sent: ${MAX_OPEN_REQUESTS} requests await replies.`);
    const reply = deferred<unknown>();
    const id = ++lastId;
    requests.set(id, reply);
    const late = clientError('REPLY_TIMEOUT', `The request had no reply within ${timeout} ms.`);
    const clock = setTimeout(reply.reject, timeout, late);
    const done = new AbortController();
    const fail = (from: AbortSignal, error: () => unknown): void =>
      from.addEventListener('abort', () => reply.reject(error()), { signal: done.signal });
    fail(session.signal, endedBeforeReply);
    if (signal) fail(signal, () => signal.reason);
    session.send(new OutgoingRequest(id, message)).then(undefined, reply.reject);
    try {
      return await validatedReply(await reply.promise, schema ?? codec.replySchema?.(message));
    } finally {
      clearTimeout(clock);
      requests.delete(id);
      done.abort();
    }
  }

  /** A server that is busy may take long to end the session. */
  function rejectRequests(): void {
    for (const { reject } of requests.values()) reject(endedBeforeReply());
  }

  function encode(message: unknown): OutgoingMessage | Promise<OutgoingMessage> {
    return message instanceof OutgoingRequest
      ? codec.encodeRequest(message.id, message.message)
      : codec.encode(message);
  }

  /** A reply passes the messages that wait, because the handler of one may await it. */
  function takes(data: unknown): boolean {
    if (!json.requests || typeof data !== 'string' || !MAY_BE_REPLY.test(data)) return false;
    const reply = codec.readReply(data);
    if (reply) settle(reply);
    return reply !== undefined;
  }

  function settle({ id, value, failure }: ReplyMessage): void {
    const waiting = requests.get(id);
    if (failure) waiting?.reject(new ReplyException(failure.code, failure.message, issuesOf(failure)));
    else waiting?.resolve(value);
  }

  async function decode(text: string): Promise<unknown> {
    try {
      const message = await codec.decode(text);
      if (!isRequestMessage(message) || functions.size > 0 || onMessage) return message;
      // The loop takes the message; a loop has no result.
      answer(await message.codec.encodeReply(message.id, undefined));
      return message.message;
    } catch (error) {
      if (error instanceof DecodeException) answer(error.answer);
      throw error;
    }
  }

  /** Calls the function for the message, and replies to a request. */
  async function handle(arrived: unknown): Promise<void> {
    if (!current) return;
    const asked: RequestMessage | undefined = isRequestMessage(arrived) ? arrived : undefined;
    const message = asked ? asked.message : arrived;
    const type = (message as Readonly<Record<string, unknown>> | null | undefined)?.[json.discriminator];
    const handler = functions.get(type) ?? onMessage;
    if (!asked) {
      if (handler) await handler(message, current);
      else answer(codec.unknownType('', type).answer);
      return;
    }
    const fail = (code: string, text: string): void => answer(codec.encodeFailure(asked.id, { code, message: text }));
    try {
      if (handler) answer(await codec.encodeReply(asked.id, await handler(message, current), message));
      else fail('unknown-type', 'Messages of this type have no handler.');
    } catch (error) {
      if (error instanceof ReplyException) return fail(error.reason, error.message);
      // The error itself may hold secrets.
      fail('failed', 'The request failed.');
      throw error;
    }
  }

  function answer(message: unknown): void {
    if (message !== undefined) current?.send(message).then(undefined, () => undefined);
  }
}

function endedBeforeReply(): Error {
  return clientError('IO', 'The session ended before the reply.');
}

/** @throws WS_DEPLOY_BAD_OPTION for a value that is no function */
function functionsByType(messages: NonNullable<Options['messages']>): ReadonlyMap<unknown, Handler> {
  const functions = new Map<unknown, Handler>();
  for (const [type, handler] of Object.entries(messages)) {
    if (handler === undefined) continue;
    if (typeof handler !== 'function')
      throw clientError('DEPLOY_BAD_OPTION', `messages.${type} is a function; found ${typeof handler}.`);
    // The keys of an object are strings; a number is an opcode.
    functions.set(String(Number(type)) === type ? Number(type) : type, handler);
  }
  return functions;
}
