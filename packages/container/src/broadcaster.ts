import {
  IllegalArgumentException,
  IllegalStateException,
  SendResult,
  type SendOptions,
  type AnySession,
  type OutgoingMessage,
  type SafePromise,
  type Session,
} from '@serval/api';
import { describeValue } from '@serval/api/spi';
import type { Encoded, Encoding } from './encoders';
import { EncodingOrder } from './encoding-order';
import { isThenable, rejected, toError, tolerateNeglect, type Sending } from './promises';
import { WsAsyncRemote } from './remote-endpoint';
import { coalesceKey } from './send-arguments';
import { NOTHING_FAILED, sendResults } from './send-results';
import type { ContainerSettings } from './settings';

/** A session as a broadcaster uses it: its encoders make the message. */
export interface BroadcastHost {
  readonly settings: Pick<ContainerSettings, 'maxQueuedMessages'>;
  readonly limits: { readonly blockingTimeoutMs: number };
  readonly sender: { encode(object: unknown): Encoding };
}

/** Encodes the messages that go to many sessions of one endpoint, and keeps the order of the calls. */
export class Broadcaster {
  readonly #order = new EncodingOrder();

  /** Encodes a message once, and sends it to the sessions. Rejects, and does not throw, if it cannot be encoded. */
  send(by: BroadcastHost, message: unknown, to: Iterable<Session>, key?: string): Promise<readonly SendResult[]> {
    try {
      return deliverWhenEncoded(to, this.encode(by, message), key);
    } catch (error) {
      return rejected(error);
    }
  }

  /**
   * Encodes a message by the encoders of one session.
   *
   * @returns the message, or a promise that settles after those of earlier calls: with undefined when a stream encoder
   * wrote nothing
   * @throws EncodeException when nothing takes the object, or the encoder's own error
   */
  encode(by: BroadcastHost, message: unknown): Encoding {
    const encoded = by.sender.encode(message);
    // Synchronous stays synchronous: the caller's next send goes out behind it.
    if (!isThenable(encoded) && !this.#order.isHeld) return encoded;
    const { maxQueuedMessages } = by.settings;
    const { blockingTimeoutMs } = by.limits;
    return this.#order.inTurn(Promise.resolve(encoded), { maxQueuedMessages, blockingTimeoutMs });
  }
}

/**
 * @param key see `SendOptions.coalesce`
 * @returns the sends that failed; rejects if the message cannot be encoded
 */
export function deliverWhenEncoded(
  to: Iterable<Session>,
  encoding: Encoding,
  key?: string,
): Promise<readonly SendResult[]> {
  if (!isThenable(encoding)) return deliver(to, encoding, key);
  return tolerateNeglect(
    encoding.then((encoded) => (encoded === undefined ? NOTHING_FAILED : deliver(to, encoded, key))),
  );
}

/** Sends in one turn: the message leaves for all together, and is framed once. */
async function deliver(sessions: Iterable<Session>, encoded: Encoded, key?: string): Promise<readonly SendResult[]> {
  const failures: SendResult[] = [];
  const pending: Promise<void>[] = [];
  for (const session of sessions) {
    try {
      const sending = sendTo(session, encoded, key);
      if (sending !== undefined) pending.push(collectFailure(sending, session, failures));
    } catch (error) {
      failures.push(new SendResult(session, toError(error)));
    }
  }
  await Promise.all(pending);
  return failures.length === 0 ? NOTHING_FAILED : sendResults(failures);
}

/** Its own function: the loop over all sessions makes a closure only for a send that waits. */
function collectFailure(sending: Promise<void>, session: Session, failures: SendResult[]): Promise<void> {
  return sending.catch((error: unknown) => void failures.push(new SendResult(session, toError(error))));
}

function sendTo(session: Session, encoded: Encoded, key: string | undefined): Sending {
  const remote = session.getAsyncRemote();
  if (remote instanceof WsAsyncRemote) return remote.send(encoded, key);
  return typeof encoded === 'string' ? remote.sendText(encoded) : remote.sendBinary(encoded);
}

/**
 * Sends one message to many sessions, of one endpoint or of several, as {@link Session.broadcast} does. Call it from code
 * that has no session in hand, such as a timer or an HTTP request. An object is encoded once for each endpoint, by its
 * encoders. Not in the specification.
 *
 * @param to a closed session counts as failed
 * @returns the sends that failed, once each is accepted or has failed; it rejects only if the message cannot be encoded
 * @throws EncodeException (as a rejection) when nothing encodes the message, or the encoder's own error
 *
 * @example
 * broadcast(`The market is open, and tea costs ${price()}.`, sessions);
 */
export function broadcast(
  message: unknown,
  to: Iterable<AnySession>,
  options?: SendOptions,
): SafePromise<readonly SendResult[]> {
  try {
    coalesceKey('broadcast', options);
    const sending = byEndpoint(sessionsOf(to)).map((sessions) => {
      // The session checks the message.
      const open = sessions.find((session) => session.isOpen());
      return open === undefined ? allClosed(sessions) : open.broadcast(message as OutgoingMessage, sessions, options);
    });
    return tolerateNeglect(Promise.all(sending).then((failures) => sendResults(failures.flat())));
  } catch (error) {
    // The argument is no list of sessions.
    return rejected(error);
  }
}

/** @throws IllegalArgumentException for anything but a list of sessions */
export function sessionsOf(to: unknown): readonly Session[] {
  const isList = typeof to === 'object' && to !== null && Symbol.iterator in to;
  const all = isList ? [...(to as Iterable<unknown>)] : [to];
  if (isList && all.every(isSession)) return all;
  const found = isList ? all.find((session) => !isSession(session)) : to;
  throw new IllegalArgumentException(
    `broadcast takes sessions, as an array, a Set or another iterable; found ${describeValue(found)}${isList ? ' among them' : ''}.`,
  );
}

/** One of another container, or another implementation, is one too. */
function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'getAsyncRemote' in value;
}

/** The sessions in groups: a session of another implementation has no plan, and is its own group. */
export function byEndpoint<S extends Session>(sessions: Iterable<S>): readonly S[][] {
  const groups = new Map<unknown, S[]>();
  let endpoint: unknown;
  let group: S[] | undefined;
  for (const session of sessions) {
    const next: unknown = 'plan' in session ? session.plan : session;
    if (group === undefined || next !== endpoint) {
      endpoint = next;
      group = groups.get(next);
      if (group === undefined) groups.set(next, (group = []));
    }
    group.push(session);
  }
  return [...groups.values()];
}

function allClosed(sessions: readonly Session[]): Promise<readonly SendResult[]> {
  const closed = (session: Session): Error => new IllegalStateException(`Session ${session.getId()} is closed.`);
  return Promise.resolve(sendResults(sessions.map((session) => new SendResult(session, closed(session)))));
}
