import type { CloseReason } from '@serval/api';
import type { DiagnosticEvent } from './diagnostic-event';
import { eventLogger, type EventLogger, type Logger } from './logger';

/** So many different warnings of one kind are told apart; the channel has them all. */
const MAX_WARNINGS = 100;

type EventOf<K extends DiagnosticEvent['kind']> = Extract<DiagnosticEvent, { readonly kind: K }>;

/**
 * Writes events to the container's logger.
 *
 * Peers decide how often most warnings occur, and must not fill the log: each is a warning the first time, the tenth, the
 * hundredth and so on, with the count, and a debug message otherwise.
 */
export class DiagnosticLog {
  readonly #log: EventLogger;
  /** How often each warning of a kind occurred. */
  readonly #times = new Map<string, Map<string, number>>();

  constructor(logger: Logger) {
    this.#log = eventLogger(logger);
  }

  /** Never throws: a logger that fails must not take a session or the process with it. */
  write(event: DiagnosticEvent): void {
    try {
      this.#write(event);
    } catch {
      // There is no other place to report it.
    }
  }

  #write(event: DiagnosticEvent): void {
    switch (event.kind) {
      case 'unhandled-error':
        this.#error(
          event,
          `${event.endpoint} handles no errors (no @OnError or onError); session ${event.sessionId} raised:`,
        );
        return;
      case 'error-handler-failed':
        this.#error(event, `@OnError of ${event.endpoint} failed itself (session ${event.sessionId}):`);
        return;
      case 'handshake-failed':
        this.#error(event, `The handshake for ${event.path} failed:`);
        return;
      case 'handler-overdue':
        this.#log(
          'error',
          `${event.endpoint}.${event.method} has not settled within ${event.afterMs} ms; session ${event.sessionId} ends without it. Let its promise settle, or have it listen to session.signal.`,
          event,
        );
        return;
      case 'room-listener-failed':
        this.#error(event, `A listener for '${event.roomEvent}' of container.rooms failed:`);
        return;
      case 'bus-failed':
        this.#warn(event, event.error.message, 'A call for the sessions of other nodes failed:', event.error);
        return;
      case 'bus-lost':
        this.#warn(event, event.node, `The bus lost ${event.messages} messages of node ${event.node}.`);
        return;
      case 'bus-unanswered':
        this.#warn(event, event.nodes.join(), `Nodes that gave no answer in time: ${event.nodes.join(', ')}.`);
        return;
      case 'message-undeliverable':
        this.#warn(
          event,
          event.endpoint,
          `${event.endpoint} cannot send a message of another node, which has no encoder of ${event.endpoint} for it. Deploy the same endpoints on every node.`,
        );
        return;
      case 'join-refused':
        this.#warn(event, '', `A session did not join a room for another node: ${event.error.message}`);
        return;
      case 'setting-warning':
        this.#log('warn', event.message, event);
        return;
      case 'deployment-warning':
        this.#log('warn', `${event.endpoint}: ${event.message}`, event);
        return;
      case 'message-dropped':
        this.#warn(
          event,
          `${event.messageType} ${event.endpoint}`,
          `${event.endpoint} has no handler for ${event.messageType} messages; they are dropped.`,
        );
        return;
      case 'unknown-message-type':
        this.#warn(
          event,
          event.endpoint,
          `${event.endpoint} has no method for messages of type ${event.type}; they are dropped. An @OnMessage method without a type, or onMessage, receives all other types.`,
        );
        return;
      case 'message-refused':
        this.#log(
          'debug',
          `Session ${event.sessionId} (${event.endpoint}) answered a message with an error:`,
          event,
          event.error,
        );
        return;
      case 'reply-dropped':
        this.#log(
          'debug',
          `A reply in session ${event.sessionId} (${event.endpoint}) was dropped: ${event.reason === 'late' ? 'its request no longer waits' : 'it answers no request'}.`,
          event,
        );
        return;
      case 'delivered-whole':
        this.#warn(
          event,
          event.endpoint,
          `${event.endpoint} wants messages in parts or as a stream, but over the ws library each one is in memory as a whole before it is delivered; the native engine delivers it as it arrives.`,
        );
        return;
      case 'send-dropped':
        this.#warn(
          event,
          event.endpoint,
          `A message to session ${event.sessionId} (${event.endpoint}) was dropped, because its peer reads too slowly: queueOverflow says so. See maxQueuedBytes, maxQueuedMessages and maxQueueTime.`,
        );
        return;
      case 'handshake-warning':
        this.#warn(event, event.message, `The handshake for ${event.path}: ${event.message}`);
        return;
      case 'handshake-refused':
        this.#writeRefusal(event);
        return;
      case 'origin-refused':
        this.#warn(
          event,
          `${event.template ?? event.path} ${event.origin ?? ''}`,
          `The handshake for ${event.path} is refused with 403: its Origin is ${JSON.stringify(event.origin)}, and the server's own host is ${JSON.stringify(event.host)}. If a proxy rewrites Host, let it pass the header on or set trustProxy; if the page is of another site, list its origin in allowedOrigins.`,
        );
        return;
      case 'limit-hit':
        this.#writeLimit(event);
        return;
      case 'connection-error':
        this.#writeConnectionError(event);
        return;
      case 'reconnecting':
        this.#log(
          'debug',
          `${event.endpoint} reconnects in ${event.delay} ms (attempt ${event.attempt}): ${wordsOf(event.cause)}`,
          event,
        );
        return;
      case 'reconnect-given-up':
        this.#log(
          'warn',
          `${event.endpoint} does not reconnect (attempt ${event.attempt}): ${wordsOf(event.cause)}`,
          event,
        );
        return;
      case 'limiter-failed':
        this.#warn(
          event,
          event.failure,
          `A limiter of rateLimits failed; ${event.failure === 'open' ? 'messages pass' : 'sessions that send close with 1013'}${event.restMs > 0 ? ` for ${event.restMs} ms, until one message tries it again` : ''}:`,
          event.error,
        );
        return;
      case 'stopping':
        this.#log('debug', `The container is ${event.phase}; ${event.sessions} sessions are left.`, event);
        return;
      case 'hook-failed':
        this.#error(event, `${event.hook} failed:`);
        return;
      case 'deployed':
        this.#log('debug', `${event.endpoint} is deployed at ${event.path}`, event);
        return;
      case 'handshake-accepted':
      case 'session-opened':
      case 'session-closed':
        // Each session has them. They are for measurements, on the channel.
        return;
    }
  }

  #writeRefusal(event: EventOf<'handshake-refused'>): void {
    const { path, status, rule, closeCode } = event;
    const how = closeCode === undefined ? `refused with ${status}` : `accepted and closed with ${closeCode}`;
    const message = `The handshake for ${path} was ${how}: ${event.reason}`;
    // The event before it says more.
    if (rule === 'origin' || rule === 'host') this.#log('debug', message, event);
    else if (rule === 'path') this.#warn(event, event.nearest ?? '', unknownPath(event));
    else
      this.#warn(event, `${event.template ?? ''} ${status} ${rule} ${event.by ?? ''}`, `${message}${remedyOf(event)}`);
  }

  #writeLimit(event: EventOf<'limit-hit'>): void {
    const message = `Session ${event.sessionId} (${event.endpoint}): ${event.message}`;
    if (isSilence(event.limit)) this.#log('debug', message, event);
    else this.#warn(event, `${event.endpoint} ${event.limit}`, message);
  }

  #writeConnectionError(event: EventOf<'connection-error'>): void {
    const { endpoint, error } = event;
    const message = `The connection of session ${event.sessionId} (${endpoint}) failed:`;
    const closeCode = 'closeCode' in error ? Number(error.closeCode) : undefined;
    // A lost connection is nothing that an operator can change, and the limit has its own event.
    if (closeCode === undefined || closeCode === 1009) this.#log('debug', message, event, error);
    else this.#warn(event, `${endpoint} ${closeCode}`, `The peer broke the protocol. ${message}`, error);
  }

  #error(event: DiagnosticEvent & { readonly error: Error }, message: string): void {
    this.#log('error', message, event, event.error);
  }

  /** @param key tells the warnings of one kind apart */
  #warn(event: DiagnosticEvent, key: string, message: string, error?: Error): void {
    const times = this.#count(event.kind, key);
    const isMilestone = /^10*$/.test(String(times));
    const counted = times > 1 && isMilestone ? `${message} (${times} times so far)` : message;
    this.#log(isMilestone ? 'warn' : 'debug', counted, event, error);
  }

  #count(kind: string, key: string): number {
    let counts = this.#times.get(kind);
    if (counts === undefined) this.#times.set(kind, (counts = new Map<string, number>()));
    const counted = counts.has(key) || counts.size < MAX_WARNINGS ? key : 'others';
    const times = (counts.get(counted) ?? 0) + 1;
    counts.set(counted, times);
    return times;
  }
}

function unknownPath({ path, nearest, reason }: EventOf<'handshake-refused'>): string {
  const message = `The handshake for ${path} was refused with 404: ${reason}`;
  return nearest === undefined ? message : `${message} Is ${nearest} meant? Case and a trailing slash count.`;
}

function remedyOf({ rule, by }: EventOf<'handshake-refused'>): string {
  switch (rule) {
    case 'paused':
      return ' (The container is paused until container.resume().)';
    case 'handshakeTimeout':
      return ' (User code did not settle within handshakeTimeout.)';
    case 'maxConnections':
    case 'maxConnectionsPerUser':
      return ` Raise ${rule} to accept more.`;
    case 'maxConnectionsPerEndpoint':
      return " Raise maxConnectionsPerEndpoint, or the endpoint's limits.maxConnections, to accept more.";
    case 'maxConnectionsPerAddress':
      return ' Raise maxConnectionsPerAddress to accept more. If it is the address of a proxy, set trustProxy.';
    case 'application':
      return by === undefined ? '' : ` (by ${by})`;
    default:
      return '';
  }
}

/** A peer that is merely silent is no news. */
function isSilence(limit: EventOf<'limit-hit'>['limit']): boolean {
  return limit.endsWith('IdleTimeout') || limit === 'pongTimeout';
}

function wordsOf(cause: CloseReason | Error): string {
  return cause instanceof Error ? cause.message : cause.toString();
}
