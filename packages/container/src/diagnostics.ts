import { channel } from 'node:diagnostics_channel';
import type { CloseReason } from '@serval/api';
import { tolerantLogger, type Logger } from './logger';

/** An event for the operator that no endpoint receives. */
export type DiagnosticEvent =
  | { readonly kind: 'unhandled-error'; readonly endpoint: string; readonly sessionId: string; readonly error: Error }
  | {
      readonly kind: 'error-handler-failed';
      readonly endpoint: string;
      readonly sessionId: string;
      readonly error: Error;
    }
  | {
      readonly kind: 'handler-overdue';
      readonly endpoint: string;
      readonly method: string;
      readonly sessionId: string;
      /** The limit that has passed, in milliseconds. */
      readonly afterMs: number;
    }
  | { readonly kind: 'send-dropped'; readonly endpoint: string; readonly sessionId: string }
  | { readonly kind: 'setting-warning'; readonly message: string }
  | { readonly kind: 'message-dropped'; readonly endpoint: string; readonly messageType: 'text' | 'binary' }
  | {
      readonly kind: 'unknown-message-type';
      readonly endpoint: string;
      readonly sessionId: string;
      /** The value of the discriminator: a string in quotes, cut to 64 characters; a number; or the kind of another value. */
      readonly type: string;
    }
  | { readonly kind: 'message-refused'; readonly endpoint: string; readonly sessionId: string; readonly error: Error }
  | {
      readonly kind: 'reply-dropped';
      readonly endpoint: string;
      readonly sessionId: string;
      /** `'late'`: after the time limit, or a second reply; `'unknown'`: to a request that was never sent. */
      readonly reason: 'late' | 'unknown';
    }
  | { readonly kind: 'delivered-whole'; readonly endpoint: string }
  | { readonly kind: 'connection-error'; readonly endpoint: string; readonly sessionId: string; readonly error: Error }
  | { readonly kind: 'handshake-refused'; readonly path: string; readonly status: number; readonly reason: string }
  | {
      readonly kind: 'origin-refused';
      readonly path: string;
      /** The Origin header; `null` for none. */
      readonly origin: string | null;
      /** The server's own host that it was compared with: the Host header, or X-Forwarded-Host of a trusted proxy. */
      readonly host: string;
    }
  | { readonly kind: 'handshake-failed'; readonly path: string; readonly error: Error }
  | { readonly kind: 'handshake-warning'; readonly path: string; readonly message: string }
  | {
      readonly kind: 'reconnecting';
      readonly endpoint: string;
      /** From 1. */
      readonly attempt: number;
      /** In milliseconds. */
      readonly delay: number;
      readonly cause: CloseReason | Error;
    }
  | {
      readonly kind: 'reconnect-given-up';
      readonly endpoint: string;
      /** The one that was not made. */
      readonly attempt: number;
      readonly cause: CloseReason | Error;
    }
  | { readonly kind: 'deployed'; readonly endpoint: string; readonly path: string }
  | { readonly kind: 'deployment-warning'; readonly endpoint: string; readonly message: string };

/** The name of the `node:diagnostics_channel` on which every {@link DiagnosticEvent} is published. */
export const DIAGNOSTICS_CHANNEL = 'serval';

/** So many different warnings about handshakes are logged; the channel has them all. */
const MAX_HANDSHAKE_WARNINGS = 100;

/** Publishes events on the diagnostics channel and writes them to the container's logger. */
export class Diagnostics {
  readonly #channel = channel(DIAGNOSTICS_CHANNEL);
  readonly #droppedBefore = new Set<string>();
  readonly #deliveredWholeBefore = new Set<string>();
  readonly #unknownTypeBefore = new Set<string>();
  #originRefusedBefore = false;
  readonly #warnedBefore = new Set<string>();

  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = tolerantLogger(logger);
  }

  report(event: DiagnosticEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
    try {
      this.#log(event);
    } catch {
      // A logger that fails must not take a session or the process with it.
    }
  }

  #log(event: DiagnosticEvent): void {
    switch (event.kind) {
      case 'unhandled-error':
        this.logger.error(
          `${event.endpoint} handles no errors (no @OnError or onError); session ${event.sessionId} raised:`,
          event.error,
        );
        return;
      case 'error-handler-failed':
        this.logger.error(`@OnError of ${event.endpoint} failed itself (session ${event.sessionId}):`, event.error);
        return;
      case 'handler-overdue':
        this.logger.error(
          `${event.endpoint}.${event.method} has not settled within ${event.afterMs} ms; session ${event.sessionId} ends without it. Let its promise settle, or have it listen to session.signal.`,
        );
        return;
      case 'message-dropped': {
        // Once per endpoint and type: the peer decides how often it happens, and the log must not be its to fill.
        const key = `${event.messageType} ${event.endpoint}`;
        if (this.#droppedBefore.has(key)) return;
        this.#droppedBefore.add(key);
        this.logger.warn(`${event.endpoint} has no handler for ${event.messageType} messages; they are dropped.`);
        return;
      }
      case 'unknown-message-type':
        // Once per endpoint, for the same reason.
        if (this.#unknownTypeBefore.has(event.endpoint)) return;
        this.#unknownTypeBefore.add(event.endpoint);
        this.logger.warn(
          `${event.endpoint} has no method for messages of type ${event.type}; they are dropped. An @OnMessage method without a type receives all other types.`,
        );
        return;
      case 'message-refused':
        this.logger.debug(
          `Session ${event.sessionId} (${event.endpoint}) answered a message with an error:`,
          event.error,
        );
        return;
      case 'reply-dropped':
        this.logger.debug(
          `A reply in session ${event.sessionId} (${event.endpoint}) was dropped: ${event.reason === 'late' ? 'its request no longer waits' : 'it answers no request'}.`,
        );
        return;
      case 'delivered-whole':
        // Once per endpoint: it is so for each of its sessions.
        if (this.#deliveredWholeBefore.has(event.endpoint)) return;
        this.#deliveredWholeBefore.add(event.endpoint);
        this.logger.warn(
          `${event.endpoint} wants messages in parts or as a stream, but over the ws library each one is in memory as a whole before it is delivered; the native engine delivers it as it arrives.`,
        );
        return;
      case 'send-dropped':
        this.logger.debug(
          `A message to session ${event.sessionId} (${event.endpoint}) was dropped: its peer takes too little.`,
        );
        return;
      case 'setting-warning':
        this.logger.warn(event.message);
        return;
      case 'deployment-warning':
        this.logger.warn(`${event.endpoint}: ${event.message}`);
        return;
      case 'handshake-failed':
        this.logger.error(`The handshake for ${event.path} failed:`, event.error);
        return;
      case 'handshake-warning':
        // Once each, and not without end: the peers decide how often it happens.
        if (this.#warnedBefore.has(event.message) || this.#warnedBefore.size >= MAX_HANDSHAKE_WARNINGS) return;
        this.#warnedBefore.add(event.message);
        this.logger.warn(`The handshake for ${event.path}: ${event.message}`);
        return;
      case 'connection-error':
        this.logger.debug(`The connection of session ${event.sessionId} (${event.endpoint}) failed:`, event.error);
        return;
      case 'handshake-refused':
        this.logger.debug(`The handshake for ${event.path} was refused with ${event.status}: ${event.reason}`);
        return;
      case 'origin-refused': {
        // Once: a browser tells its page nothing, but any page may try it as often as it likes.
        const level = this.#originRefusedBefore ? 'debug' : 'warn';
        this.#originRefusedBefore = true;
        this.logger[level](
          `The handshake for ${event.path} is refused with 403: its Origin is ${JSON.stringify(event.origin)}, and the server's own host is ${JSON.stringify(event.host)}. If a proxy rewrites Host, let it pass the header on or set trustProxy; if the page is of another site, list its origin in allowedOrigins.`,
        );
        return;
      }
      case 'reconnecting':
        this.logger.debug(
          `${event.endpoint} reconnects in ${event.delay} ms (attempt ${event.attempt}): ${wordsOf(event.cause)}`,
        );
        return;
      case 'reconnect-given-up':
        this.logger.warn(`${event.endpoint} does not reconnect (attempt ${event.attempt}): ${wordsOf(event.cause)}`);
        return;
      case 'deployed':
        this.logger.debug(`${event.endpoint} is deployed at ${event.path}`);
        return;
    }
  }
}

function wordsOf(cause: CloseReason | Error): string {
  return cause instanceof Error ? cause.message : cause.toString();
}
