import { ServerEndpointConfig, type EndpointConfig } from '@serval/api';
import type { DiagnosticEvent, LimitName, OfSession } from './diagnostic-event';

/** A session, as its events name it. */
export interface PlacedSession {
  readonly plan: { readonly name: string };
  readonly endpointConfig: EndpointConfig;
  getId(): string;
}

/** A session, for the report of a limit. */
interface LimitedSession extends PlacedSession {
  readonly context: {
    readonly settings: { readonly queueOverflowCloseCode: number };
    readonly diagnostics: { report(event: DiagnosticEvent): void };
  };
}

/** The endpoint's path as it was deployed; undefined for a client. */
export function templateOf({ endpointConfig }: Pick<PlacedSession, 'endpointConfig'>): string | undefined {
  return endpointConfig instanceof ServerEndpointConfig ? endpointConfig.getPath() : undefined;
}

/** The part of an event that says which session it is about. */
export function placeOfSession(session: PlacedSession): OfSession {
  return { endpoint: session.plan.name, template: templateOf(session), sessionId: session.getId() };
}

const QUEUE = 'See queueOverflow, maxQueuedBytes, maxQueuedMessages and maxQueueTime.';

/** @param message what follows for the session, why, and the option to change */
export function reportLimit(session: LimitedSession, limit: LimitName, message: string): void {
  session.context.diagnostics.report({ kind: 'limit-hit', ...placeOfSession(session), limit, message });
}

/** A message of the peer exceeds the limit. @param phrase how large it is, and the limit */
export function reportTooLarge(session: LimitedSession, phrase: string): void {
  const remedy =
    'Raise maxMessageSize of @OnMessage, the options textBufferSize and binaryBufferSize, or receive the message in parts or as a stream.';
  reportLimit(session, 'maxMessageSize', `it closes with 1009. ${phrase} ${remedy}`);
}

/** More waits for the peer than the container allows, and the session ends. */
export function reportSlowPeer(session: LimitedSession): void {
  const code = session.context.settings.queueOverflowCloseCode;
  reportLimit(session, 'queueOverflow', `it closes with ${code}, because too much waits for its peer. ${QUEUE}`);
}

/** More waits for the peer than the container allows. The send was refused, and the session goes on. */
export function reportRefusedSend(session: LimitedSession): void {
  reportLimit(session, 'queueOverflow', `a send was refused, because too much waits for its peer. ${QUEUE}`);
}

/** A handler took longer than `handlerTimeout`. */
export function reportOverdue(session: LimitedSession, method: string | symbol, afterMs: number): void {
  const place = placeOfSession(session);
  session.context.diagnostics.report({ kind: 'handler-overdue', ...place, method: String(method), afterMs });
}
