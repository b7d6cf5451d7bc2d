import {
  DecodeException,
  EncodeException,
  ReplyException,
  type CloseReason,
  type Principal,
  type RoomEvent,
  type SendResult,
  type Session,
} from '@serval/api';
import {
  describeType,
  isReplyMessage,
  isRequestMessage,
  type HandlerKind,
  type MessageCodec,
  type ReplyMessage,
  type RequestMessage,
} from '@serval/api/spi';
import type { BoundSession, EndpointPlan, MessageRoute, MethodPlan } from '@serval/plan';
import type { AsyncScope } from './async-scope';
import { decode } from './decoders';
import type { DiagnosticEvent } from './diagnostic-event';
import { intercept } from './interceptors';
import { HandledMessage, isTracing, messageFailed, traceMessage } from './message-tracing';
import { isThenable, toError, type Sending, type Settled } from './promises';
import { isSendResults } from './send-results';
import type { SessionCodecs } from './session-codecs';
import { placeOfSession } from './session-report';
import type { ContainerSettings } from './settings';

/** A session as its dispatcher reads it. It is the argument of a parameter of type Session as well. */
export interface DispatchHost extends BoundSession, Session {
  readonly plan: EndpointPlan;
  readonly endpoint: object;
  readonly codecs: SessionCodecs;
  /** Undefined if nothing destroys the endpoint instance. */
  readonly lease: { end(): Promise<readonly Error[]> } | undefined;
  readonly scope: AsyncScope | undefined;
  readonly context: {
    readonly settings: Pick<ContainerSettings, 'onMessageError'>;
    readonly diagnostics: { report(event: DiagnosticEvent): void };
  };
  readonly life: {
    /** Whether the handler failed by the abort of `session.signal`. */
    isAbort(thrown: unknown): boolean;
    /** Ends the session after an error of its endpoint. */
    endpointFailed(phrase: string): void;
  };
  /** Sends the result of an `@OnMessage` method. */
  reply(value: unknown): Sending;
  /** Settles the request that the peer replies to. */
  settleReply(reply: ReplyMessage): void;
}

// The only file that calls the methods of endpoints and message handlers. Each function settles: it returns undefined
// when all is done, or a promise that never rejects. Errors leave by one exit, dispatchError. Each function runs in the
// session's scope, whether the socket, a timer or a handler of another session calls it.

/** Calls `@OnOpen`. Returns its error, once `@OnError` has settled, or undefined when the session can go on. */
export function dispatchOpen(session: DispatchHost): Error | undefined | Promise<Error | undefined> {
  return inScope(session, () => callOpen(session));
}

function callOpen(session: DispatchHost): Error | undefined | Promise<Error | undefined> {
  const { open, interceptors } = session.plan;
  if (open === undefined && interceptors === undefined) return undefined;
  const failed = (thrown: unknown): Error | Promise<Error> => {
    const error = toError(thrown);
    const reported = dispatchError(session, error);
    return reported === undefined ? error : reported.then(() => error);
  };
  try {
    const result = call('open', session.endpoint, open, session, undefined);
    return isThenable(result) ? Promise.resolve(result).then(() => undefined, failed) : undefined;
  } catch (thrown) {
    return failed(thrown);
  }
}

/** Handles one message, or one part of it: decodes it, calls the method, and sends the result. */
export function dispatchMessage(session: DispatchHost, route: MessageRoute, arrived: unknown, last: boolean): Settled {
  // Without a scope a message costs nothing for it.
  if (session.scope === undefined) return observeMessage(session, route, arrived, last);
  return session.scope.run(() => observeMessage(session, route, arrived, last));
}

function observeMessage(session: DispatchHost, route: MessageRoute, arrived: unknown, last: boolean): Settled {
  if (!isTracing()) return handleMessage(session, route, arrived, last, undefined);
  const message = new HandledMessage(session, route);
  return traceMessage(message, () => handleMessage(session, route, arrived, last, message));
}

/** @param traced undefined unless somebody traces messages */
function handleMessage(
  session: DispatchHost,
  route: MessageRoute,
  arrived: unknown,
  last: boolean,
  traced: HandledMessage | undefined,
): Settled {
  try {
    const payload = decode(session.codecs, route.decoding, arrived);
    const going = isThenable(payload)
      ? Promise.resolve(payload).then((decoded) => handle(session, route, arrived, decoded, last, traced))
      : handle(session, route, arrived, payload, last, traced);
    return going?.catch((thrown: unknown) => dispatchMessageError(session, thrown, traced));
  } catch (thrown) {
    return dispatchMessageError(session, thrown, traced);
  }
}

/** Calls `@OnError`, then ends the session where `onMessageError` says so. */
function dispatchMessageError(session: DispatchHost, thrown: unknown, traced: HandledMessage | undefined): Settled {
  // The handler stopped because its session did.
  if (session.life.isAbort(thrown)) return undefined;
  if (traced !== undefined) messageFailed(traced, toError(thrown));
  const settled = bothSettled(answerPeer(session, thrown), dispatchError(session, thrown));
  const isCodec = thrown instanceof DecodeException || thrown instanceof EncodeException;
  if (isCodec || session.context.settings.onMessageError === 'keep-open') return settled;
  if (settled !== undefined) return settled.then(() => session.life.endpointFailed('the endpoint failed'));
  session.life.endpointFailed('the endpoint failed');
  return undefined;
}

/** Sends the answer that a DecodeException has for the peer. */
function answerPeer(session: DispatchHost, thrown: unknown): Settled {
  const answer = thrown instanceof DecodeException ? thrown.answer : undefined;
  return answer === undefined ? undefined : sendAnswer(session, answer);
}

/** Sends what is no result of a method. An error of it goes to `@OnError`. */
function sendAnswer(session: DispatchHost, answer: string | Uint8Array): Settled {
  try {
    return session.reply(answer)?.catch((failed: unknown) => dispatchError(session, failed));
  } catch (failed) {
    return dispatchError(session, failed);
  }
}

function bothSettled(one: Settled, other: Settled): Settled {
  return one === undefined || other === undefined ? (one ?? other) : one.then(() => other);
}

/** Calls `@OnClose`. Its error goes to `@OnError` (WSC-4.5-3). */
export function dispatchClose(session: DispatchHost, reason: CloseReason): Settled {
  return inScope(session, () => callClose(session, reason));
}

function callClose(session: DispatchHost, reason: CloseReason): Settled {
  const { close, interceptors } = session.plan;
  if (close === undefined && interceptors === undefined) return undefined;
  try {
    const result = call('close', session.endpoint, close, session, reason);
    return isThenable(result)
      ? settle(
          session,
          Promise.resolve(result).then(() => undefined),
        )
      : undefined;
  } catch (thrown) {
    return dispatchError(session, thrown);
  }
}

/** Destroys the endpoint instance, if a factory created it. Its errors go to `@OnError`. */
export function dispatchDestroy(session: DispatchHost): Settled {
  const { lease } = session;
  if (lease === undefined) return undefined;
  return inScope(session, async () => {
    for (const error of await lease.end()) await dispatchError(session, error);
  });
}

/** Calls `@OnError`; the diagnostics get the error where there is none, or it fails itself (WSC-5.2.2). */
export function dispatchError(session: DispatchHost, thrown: unknown): Settled {
  return inScope(session, () => callError(session, thrown));
}

function callError(session: DispatchHost, thrown: unknown): Settled {
  const error = toError(thrown);
  const { error: handler, interceptors } = session.plan;
  const { diagnostics } = session.context;
  if (handler === undefined && interceptors === undefined) {
    reportUnhandled(session, error);
    return undefined;
  }
  const failed = (second: unknown): void =>
    diagnostics.report({ kind: 'error-handler-failed', ...placeOfSession(session), error: toError(second) });
  try {
    const result = call('error', session.endpoint, handler, session, error);
    return isThenable(result) ? Promise.resolve(result).then(() => undefined, failed) : undefined;
  } catch (second) {
    failed(second);
    return undefined;
  }
}

/** Calls a SendHandler. Its error goes to `@OnError`. */
export function dispatchSendResult(
  session: DispatchHost,
  handler: (result: SendResult) => unknown,
  result: SendResult,
): void {
  inScope(session, () => callSendHandler(session, handler, result));
}

function callSendHandler(session: DispatchHost, handler: (result: SendResult) => unknown, result: SendResult): void {
  try {
    const going = handler(result);
    if (isThenable(going))
      void settle(
        session,
        Promise.resolve(going).then(() => undefined),
      );
  } catch (thrown) {
    void dispatchError(session, thrown);
  }
}

/** The name of a principal, which is the application's own object. If `getName` fails, `@OnError` runs. */
export function dispatchPrincipalName(session: DispatchHost, principal: Principal): string | undefined {
  try {
    const name: unknown = principal.getName();
    return typeof name === 'string' ? name : undefined;
  } catch (thrown) {
    void dispatchError(session, thrown);
    return undefined;
  }
}

/** Calls a listener of the container's rooms. Its error goes to the diagnostics, because it is no part of an endpoint. */
export function dispatchRoomEvent(
  session: DispatchHost,
  listener: (event: RoomEvent) => unknown,
  event: RoomEvent,
  diagnostics: { report(event: DiagnosticEvent): void },
): void {
  const { kind: roomEvent, room } = event;
  const failed = (thrown: unknown): void =>
    diagnostics.report({ kind: 'room-listener-failed', roomEvent, room, error: toError(thrown) });
  inScope(session, () => {
    try {
      const going = listener(event);
      if (isThenable(going)) void Promise.resolve(going).then(undefined, failed);
    } catch (thrown) {
      failed(thrown);
    }
  });
}

function inScope<T>({ scope }: DispatchHost, begin: () => T): T {
  return scope === undefined ? begin() : scope.run(begin);
}

/** Calls the route's method, or the one for the message's type. */
function handle(
  session: DispatchHost,
  route: MessageRoute,
  arrived: unknown,
  payload: unknown,
  last: boolean,
  traced: HandledMessage | undefined,
): Settled {
  if (isRequestMessage(payload)) return answerRequest(session, route, payload, traced);
  if (isReplyMessage(payload)) {
    session.settleReply(payload);
    return undefined;
  }
  const method = methodFor(route, payload);
  traced?.dispatchedTo(method);
  return method === undefined
    ? refuseType(session, route, arrived, payload)
    : invoke(session, route, method, payload, last);
}

/** The route's method, or the one for the message's type. */
function methodFor(route: MessageRoute, payload: unknown): MethodPlan | undefined {
  const { byType } = route;
  if (byType === undefined) return route;
  return byType.methods.get(typeOf(payload, byType.decoder.discriminator)) ?? byType.fallback;
}

function typeOf(payload: unknown, discriminator: string): unknown {
  return typeof payload === 'object' && payload !== null
    ? (payload as Readonly<Record<string, unknown>>)[discriminator]
    : undefined;
}

/** Drops a message of a type that has no method, and answers if the codec does. */
function refuseType(session: DispatchHost, { byType }: MessageRoute, arrived: unknown, payload: unknown): Settled {
  if (byType === undefined) return undefined;
  const { decoder } = byType;
  const type = typeOf(payload, decoder.discriminator);
  reportType(session, type);
  const codec = session.codecs.decoder(decoder) as Partial<MessageCodec<unknown, unknown, string>>;
  // A codec with this method decodes whole messages, of the kind that arrived.
  return codec.unknownType === undefined ? undefined : answerPeer(session, codec.unknownType(arrived as string, type));
}

function reportType(session: DispatchHost, type: unknown): void {
  session.context.diagnostics.report({
    kind: 'unknown-message-type',
    ...placeOfSession(session),
    type: describeType(type),
  });
}

/** Calls the method for the message of a request, and sends its result or its error as the reply. */
function answerRequest(
  session: DispatchHost,
  route: MessageRoute,
  request: RequestMessage,
  traced: HandledMessage | undefined,
): Settled {
  const method = methodFor(route, request.message);
  traced?.dispatchedTo(method);
  if (method === undefined) {
    reportType(session, typeOf(request.message, route.byType?.decoder.discriminator ?? 'type'));
    return failRequest(session, request, 'unknown-type', 'Messages of this type have no handler.');
  }
  const failed = (thrown: unknown): Settled => {
    if (thrown instanceof ReplyException) return failRequest(session, request, thrown.reason, thrown.message);
    // The error itself may hold secrets.
    const replied = failRequest(session, request, 'failed', 'The request failed.');
    return bothSettled(replied, dispatchMessageError(session, thrown, traced));
  };
  const reply = (value: unknown): Settled => {
    const result = isSendResults(value) ? undefined : value;
    const answer = request.codec.encodeReply(request.id, result, request.message);
    return isThenable(answer)
      ? Promise.resolve(answer).then((encoded) => sendAnswer(session, encoded), failed)
      : sendAnswer(session, answer);
  };
  try {
    const result = call('message', route.receiver ?? session.endpoint, method, session, request.message);
    return isThenable(result) ? Promise.resolve(result).then(reply).catch(failed) : reply(result);
  } catch (thrown) {
    return failed(thrown);
  }
}

function failRequest(session: DispatchHost, { id, codec }: RequestMessage, code: string, message: string): Settled {
  return sendAnswer(session, codec.encodeFailure(id, { code, message }));
}

function invoke(
  session: DispatchHost,
  route: MessageRoute,
  method: MethodPlan,
  payload: unknown,
  last: boolean,
): Settled {
  const result = call('message', route.receiver ?? session.endpoint, method, session, payload, last);
  if (result === undefined || result === null) return undefined;
  if (isThenable(result)) {
    return Promise.resolve(result).then((value) =>
      route.replies && value !== undefined && value !== null && !isSendResults(value)
        ? session.reply(value)
        : undefined,
    );
  }
  return route.replies ? session.reply(result) : undefined;
}

/** Calls a method, if there is one, through the interceptors, if there are any. */
function call(
  kind: HandlerKind,
  receiver: object,
  plan: MethodPlan | undefined,
  session: DispatchHost,
  payload: unknown,
  last = true,
): unknown {
  const interceptors = plan?.interceptors ?? session.plan.interceptors;
  if (interceptors === undefined) return plan && callMethod(receiver, plan, session, payload, last);
  const { name: endpoint, endpointClass } = session.plan;
  const context = { kind, session, endpoint, endpointClass, method: plan?.method, message: payload, last };
  return intercept(interceptors, context, (message) => {
    if (plan !== undefined) return callMethod(receiver, plan, session, message, last);
    if (kind === 'error') reportUnhandled(session, toError(message));
    return undefined;
  });
}

function reportUnhandled(session: DispatchHost, error: Error): void {
  // The peer made the mistake and has the answer; a log of its mistakes would be the peer's to fill.
  const isAnswered = error instanceof DecodeException && error.answer !== undefined;
  const kind = isAnswered ? 'message-refused' : 'unhandled-error';
  session.context.diagnostics.report({ kind, ...placeOfSession(session), error });
}

function callMethod(
  receiver: object,
  plan: MethodPlan,
  session: DispatchHost,
  payload: unknown,
  last: boolean,
): unknown {
  // Deployment checked that the method exists. It is looked up by name, to honour a proxy or an instance's own method.
  const methods = receiver as Record<string | symbol, (...args: unknown[]) => unknown>;
  const method = methods[plan.method];
  if (typeof method !== 'function')
    throw new TypeError(`${String(plan.method)} of the endpoint instance is not a function`);
  return method.apply(receiver, plan.bind(session, payload, last));
}

function settle(session: DispatchHost, going: Promise<void>): Promise<void> {
  return going.catch((thrown: unknown) => dispatchError(session, thrown));
}
