import { SendResult, type Session } from '@serval/api';
import type { Sending } from './outbox';
import { isThenable, rejected, toError, tolerateNeglect } from './promises';
import { WsAsyncRemote, type Encoded } from './remote-endpoint';
import type { WsSession } from './session';

/** Sends the messages of one session to many, in the order of its calls. */
export class Broadcaster {
  /** Settles when what waits for an encoder has been encoded. */
  #encoding: Promise<void> | undefined;

  /** @param session whose encoders make the messages */
  constructor(private readonly session: WsSession) {}

  /** See {@link Session.broadcast}. */
  broadcast(
    message: unknown,
    to: Iterable<Session> = this.session.context.registry.openSessions(this.session.plan),
  ): Promise<readonly SendResult[]> {
    try {
      this.session.requireNotClosed();
      const encoded = this.session.remote.encode(message);
      // Synchronous stays synchronous: what the caller sends next goes out behind it.
      if (!isThenable(encoded) && this.#encoding === undefined) return sendToAll(to, encoded);
      return tolerateNeglect(this.#sendInOrder(Promise.resolve(encoded), to));
    } catch (error) {
      return rejected(error);
    }
  }

  #sendInOrder(encoding: Promise<Encoded | undefined>, to: Iterable<Session>): Promise<readonly SendResult[]> {
    const before = this.#encoding;
    const mine: Promise<void> = Promise.allSettled([before, encoding]).then(() => {
      if (this.#encoding === mine) this.#encoding = undefined;
    });
    this.#encoding = mine;
    return Promise.all([encoding, before]).then(([encoded]) => (encoded === undefined ? [] : sendToAll(to, encoded)));
  }
}

/** In one turn: what is sent to all leaves together, and a text is framed once. */
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
