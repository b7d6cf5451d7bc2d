import { dispatchOpen } from './dispatcher';
import { isThenable } from './promises';
import { WsSession, type SessionParts } from './session';

/** A session that has begun. */
export interface OpenedSession {
  readonly session: WsSession;
  /** Resolves once `@OnOpen` settled: with its error, after `@OnError` got it and the session closes, or with undefined. */
  readonly opened: Promise<Error | undefined>;
}

/**
 * Opens a session on a transport, for a server and for a client. The transport's messages wait until `@OnOpen` settles.
 *
 * @param onBegin called with the session right before `@OnOpen`
 */
export function openSession(parts: SessionParts, onBegin?: (session: WsSession) => void): OpenedSession {
  const session = new WsSession(parts);
  onBegin?.(session);
  return { session, opened: begin(session) };
}

async function begin(session: WsSession): Promise<Error | undefined> {
  const { registry, settings } = session.context;
  // 1. From now on the session is one of the container's.
  registry.add(session);
  session.begun();
  const isEarly = settings.sessionRegistration === 'before-open';
  if (isEarly) registry.opened(session);
  // 2. The transport is paused, so that nothing is read yet, but its end is noticed.
  session.transport.open(session.inbox);
  session.limits.watch();
  // 3. @OnOpen
  const opening = dispatchOpen(session);
  const failure = isThenable(opening)
    ? await session.inbox.whileOpening(session.plan.open?.method ?? 'onOpen', opening)
    : opening;
  if (failure !== undefined) session.life.endpointFailed('the endpoint could not open');
  else if (!isEarly && session.life.isOpen) registry.opened(session);
  // 4. Messages
  session.inbox.start();
  return failure;
}
