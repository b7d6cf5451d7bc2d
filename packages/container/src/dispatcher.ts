import {
  type CloseReason,
  DecodeException,
  EncodeException,
  PongMessage,
  type SendResult,
  type AnyDecoder,
  type Decoder,
} from '@serval/api';
import { parsePrimitive, primitiveName, type Decoding, type MessageRoute, type MethodPlan } from '@serval/plan';
import { wholeAsStream } from './message-pipe';
import { isThenable, toError, type Settled } from './promises';
import type { WsSession } from './session';

// The only file that calls an endpoint's methods, its message handlers and its decoders. Each function settles: it
// returns undefined when all is done, or a promise that never rejects. Errors leave by one exit, dispatchError. Each runs in
// the session's scope, whoever calls it: the socket, a timer, or another session's handler.

/** `@OnOpen`. Gives what it has thrown, once `@OnError` was told, or undefined: the session may go on. */
export function dispatchOpen(session: WsSession): Error | undefined | Promise<Error | undefined> {
  return inScope(session, () => callOpen(session));
}

function callOpen(session: WsSession): Error | undefined | Promise<Error | undefined> {
  const { open } = session.plan;
  if (open === undefined) return undefined;
  const failed = (thrown: unknown): Error | Promise<Error> => {
    const error = toError(thrown);
    const reported = dispatchError(session, error);
    return reported === undefined ? error : reported.then(() => error);
  };
  try {
    const result = call(session.endpoint, open, session, undefined);
    return isThenable(result) ? Promise.resolve(result).then(() => undefined, failed) : undefined;
  } catch (thrown) {
    return failed(thrown);
  }
}

/** One message, or one part of it, from what arrived to what the method returned. */
export function dispatchMessage(session: WsSession, route: MessageRoute, arrived: unknown, last: boolean): Settled {
  // Where there is no scope a message costs nothing for it.
  if (session.scope === undefined) return handleMessage(session, route, arrived, last);
  return session.scope.run(() => handleMessage(session, route, arrived, last));
}

function handleMessage(session: WsSession, route: MessageRoute, arrived: unknown, last: boolean): Settled {
  try {
    const payload = decode(session, route.decoding, arrived);
    const going = isThenable(payload)
      ? Promise.resolve(payload).then((decoded) => invoke(session, route, decoded, last))
      : invoke(session, route, payload, last);
    return going?.catch((thrown: unknown) => dispatchMessageError(session, thrown));
  } catch (thrown) {
    return dispatchMessageError(session, thrown);
  }
}

/** `@OnError`, and then the end of the session where `onMessageError` says so. */
function dispatchMessageError(session: WsSession, thrown: unknown): Settled {
  // It has stopped because its session has.
  if (session.isAbort(thrown)) return undefined;
  const settled = dispatchError(session, thrown);
  const isCodec = thrown instanceof DecodeException || thrown instanceof EncodeException;
  if (isCodec || session.context.settings.onMessageError === 'keep-open') return settled;
  if (settled !== undefined) return settled.then(() => session.endpointFailed('the endpoint failed'));
  session.endpointFailed('the endpoint failed');
  return undefined;
}

/** `@OnClose`. An error of it goes to `@OnError` (WSC-4.5-3). */
export function dispatchClose(session: WsSession, reason: CloseReason): Settled {
  return inScope(session, () => callClose(session, reason));
}

function callClose(session: WsSession, reason: CloseReason): Settled {
  const { close } = session.plan;
  if (close === undefined) return undefined;
  try {
    const result = call(session.endpoint, close, session, reason);
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

/** `@OnError`, or the diagnostics where there is none or it fails itself (WSC-5.2.2). */
export function dispatchError(session: WsSession, thrown: unknown): Settled {
  return inScope(session, () => callError(session, thrown));
}

function callError(session: WsSession, thrown: unknown): Settled {
  const error = toError(thrown);
  const { error: handler, name: endpoint } = session.plan;
  const { diagnostics } = session.context;
  const sessionId = session.getId();
  if (handler === undefined) {
    diagnostics.report({ kind: 'unhandled-error', endpoint, sessionId, error });
    return undefined;
  }
  const failed = (second: unknown): void =>
    diagnostics.report({ kind: 'error-handler-failed', endpoint, sessionId, error: toError(second) });
  try {
    const result = call(session.endpoint, handler, session, error);
    return isThenable(result) ? Promise.resolve(result).then(() => undefined, failed) : undefined;
  } catch (second) {
    failed(second);
    return undefined;
  }
}

/** A SendHandler. Its error goes to `@OnError`. */
export function dispatchSendResult(
  session: WsSession,
  handler: (result: SendResult) => unknown,
  result: SendResult,
): void {
  inScope(session, () => callSendHandler(session, handler, result));
}

function callSendHandler(session: WsSession, handler: (result: SendResult) => unknown, result: SendResult): void {
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

function inScope<T>({ scope }: WsSession, begin: () => T): T {
  return scope === undefined ? begin() : scope.run(begin);
}

function invoke(session: WsSession, route: MessageRoute, payload: unknown, last: boolean): Settled {
  const result = call(route.receiver ?? session.endpoint, route, session, payload, last);
  if (result === undefined || result === null) return undefined;
  if (isThenable(result)) {
    return Promise.resolve(result).then((value) =>
      route.replies && value !== undefined && value !== null ? session.remote.reply(value) : undefined,
    );
  }
  return route.replies ? session.remote.reply(result) : undefined;
}

function call(receiver: object, plan: MethodPlan, session: WsSession, payload: unknown, last = true): unknown {
  // Deployment has checked that the method is there; by name, so that a proxy or an instance's own method is honoured.
  const methods = receiver as Record<string | symbol, (...args: unknown[]) => unknown>;
  const method = methods[plan.method];
  if (typeof method !== 'function')
    throw new TypeError(`${String(plan.method)} of the endpoint instance is not a function`);
  return method.apply(receiver, plan.bind(session, payload, last));
}

function settle(session: WsSession, going: Promise<void>): Promise<void> {
  return going.catch((thrown: unknown) => dispatchError(session, thrown));
}

/** @throws DecodeException, or what a decoder throws */
function decode(session: WsSession, decoding: Decoding, arrived: unknown): unknown {
  // The inbox passes text as string, binary and pong data as Buffer, and streams as Reader or InputStream.
  switch (decoding.kind) {
    case 'as-is':
    case 'stream':
      return arrived;
    case 'primitive': {
      const text = arrived as string;
      try {
        return parsePrimitive(decoding.type, text);
      } catch (error) {
        throw new DecodeException(
          text,
          `The message cannot be a ${primitiveName(decoding.type)}: ${(error as Error).message}.`,
          error,
        );
      }
    }
    case 'array-buffer': {
      const bytes = arrived as Buffer;
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    }
    case 'pong':
      return new PongMessage(arrived as Buffer);
    case 'stream-decoder':
      return callDecode(session.codecs.decoder(decoding.decoder), arrived);
    case 'decoders': {
      for (const candidate of decoding.candidates) {
        const decoder = session.codecs.decoder(candidate);
        if (willDecode(decoder, arrived)) return callDecode(decoder, arrived);
      }
      if (decoding.otherwise !== undefined) {
        return callDecode(session.codecs.decoder(decoding.otherwise), wholeAsStream(arrived as string | Buffer));
      }
      const names = decoding.candidates.map(({ name }) => name).join(', ');
      throw new DecodeException(
        arrived as string | Buffer,
        `No decoder takes the message as ${decoding.type}; asked: ${names}.`,
      );
    }
  }
}

function willDecode(decoder: AnyDecoder, message: unknown): boolean {
  const asked = decoder as Decoder.Text<unknown>;
  return asked.willDecode === undefined || asked.willDecode(message as string);
}

function callDecode(decoder: AnyDecoder, message: unknown): unknown {
  return (decoder as Decoder.Text<unknown>).decode(message as string);
}
