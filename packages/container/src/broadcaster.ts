import {
  IllegalArgumentException,
  IllegalStateException,
  SendResult,
  SocketTimeoutException,
  type AnySession,
  type OutgoingMessage,
  type SafePromise,
  type Session,
} from '@serval/api';
import { Deadline, describeValue } from '@serval/api/spi';
import type { Encoded } from './encoders';
import { isThenable, rejected, toError, tolerateNeglect, type Sending } from './promises';
import { WsAsyncRemote } from './remote-endpoint';
import type { ContainerSettings } from './settings';

/** A session as its broadcaster uses it. */
export interface BroadcastHost {
  readonly settings: Pick<ContainerSettings, 'maxQueuedMessages'>;
  readonly limits: { readonly blockingTimeoutMs: number };
  /** Its encoders make the messages. */
  readonly sender: { encode(object: unknown): Encoded | Promise<Encoded | undefined> };
  requireNotClosed(): void;
  getOpenSessions(): ReadonlySet<Session>;
}

/** Sends the messages of one session to many, in the order of its calls. */
export class Broadcaster {
  /** Settles once the messages that wait for an encoder are encoded. */
  #encoding: Promise<void> | undefined;
  /** How many broadcasts wait for that. */
  #waiting = 0;

  constructor(private readonly session: BroadcastHost) {}

  /** See {@link Session.broadcast}. */
  broadcast(message: unknown, to?: Iterable<AnySession>): Promise<readonly SendResult[]> {
    try {
      this.session.requireNotClosed();
      const sessions = to === undefined ? this.session.getOpenSessions() : sessionsOf(to);
      const encoded = this.session.sender.encode(message);
      // Synchronous stays synchronous: the caller's next send goes out behind it.
      if (!isThenable(encoded) && this.#encoding === undefined) return sendToAll(sessions, encoded);
      return tolerateNeglect(this.#sendInOrder(Promise.resolve(encoded), sessions));
    } catch (error) {
      return rejected(error);
    }
  }

  #sendInOrder(encoding: Promise<Encoded | undefined>, to: Iterable<Session>): Promise<readonly SendResult[]> {
    const { maxQueuedMessages } = this.session.settings;
    if (this.#waiting >= maxQueuedMessages) {
      void tolerateNeglect(encoding);
      return rejected(tooManyWait(maxQueuedMessages));
    }
    this.#waiting += 1;
    const before = this.#encoding;
    const inTime = withinTime(encoding, this.session.limits.blockingTimeoutMs);
    const mine: Promise<void> = Promise.allSettled([before, inTime]).then(() => {
      this.#waiting -= 1;
      if (this.#encoding === mine) this.#encoding = undefined;
    });
    this.#encoding = mine;
    return Promise.all([inTime, before]).then(([encoded]) => (encoded === undefined ? [] : sendToAll(to, encoded)));
  }
}

/** An encoder that never settles holds up the later broadcasts for no longer than a send may take. */
function withinTime<T>(encoding: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = new Deadline(timeoutMs, () =>
      reject(
        new SocketTimeoutException(
          `The message was sent to nobody: its encoder has not settled within ${timeoutMs} ms (blockingSendTimeout).`,
        ),
      ),
    );
    encoding.then(resolve, reject).finally(() => deadline.clear());
  });
}

function tooManyWait(most: number): IllegalStateException {
  return new IllegalStateException(
    `The message was sent to nobody: ${most} broadcasts of this session wait for an encoder, and no more may (maxQueuedMessages). Await them.`,
  );
}

/** Sends in one turn: the message leaves for all together, and a text is framed once. */
async function sendToAll(sessions: Iterable<Session>, encoded: Encoded): Promise<SendResult[]> {
  const failures: SendResult[] = [];
  const pending: Promise<void>[] = [];
  for (const session of sessions) {
    const failed = (error: unknown): void => void failures.push(new SendResult(session, toError(error)));
    try {
      const sending = sendTo(session, encoded);
      if (sending !== undefined) pending.push(sending.catch(failed));
    } catch (error) {
      failed(error);
    }
  }
  await Promise.all(pending);
  return failures;
}

function sendTo(session: Session, encoded: Encoded): Sending {
  const remote = session.getAsyncRemote();
  if (remote instanceof WsAsyncRemote) return remote.send(encoded);
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
export function broadcast(message: unknown, to: Iterable<AnySession>): SafePromise<readonly SendResult[]> {
  try {
    const sending = byEndpoint(to).map((sessions) => {
      // The session checks the message.
      const open = sessions.find((session) => session.isOpen());
      return open === undefined ? allClosed(sessions) : open.broadcast(message as OutgoingMessage, sessions);
    });
    return tolerateNeglect(Promise.all(sending).then((failures) => failures.flat()));
  } catch (error) {
    // The argument is no list of sessions.
    return rejected(error);
  }
}

/** @throws IllegalArgumentException for anything but a list of sessions */
function sessionsOf(to: unknown): readonly Session[] {
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

function byEndpoint(all: Iterable<AnySession>): readonly Session[][] {
  const groups = new Map<unknown, Session[]>();
  for (const session of sessionsOf(all)) {
    // A session of another implementation has no plan; it broadcasts for itself.
    const endpoint = 'plan' in session ? session.plan : session;
    const known = groups.get(endpoint);
    if (known === undefined) groups.set(endpoint, [session]);
    else known.push(session);
  }
  return [...groups.values()];
}

function allClosed(sessions: readonly Session[]): Promise<readonly SendResult[]> {
  const closed = (session: Session): Error => new IllegalStateException(`Session ${session.getId()} is closed.`);
  return Promise.resolve(sessions.map((session) => new SendResult(session, closed(session))));
}
