import type { Readable } from 'node:stream';
import type { HandshakeAnswer } from '@serval/api';
import type { Transport } from '@serval/api/spi';

/**
 * The requests of one connect, which its owner sends with its credentials, proxy, TLS, headers and cookies. Every method
 * rejects with a HandshakeException when no answer arrives.
 */
export interface SockJsRequests {
  /** The endpoint's URI, for messages: without user information and query. */
  readonly name: string;
  readonly isSecure: boolean;
  /** Set once the connect must not go on: its limit passed, or it was aborted. */
  readonly error: Error | undefined;
  /** GET of `/info`. A redirect moves the endpoint. `since`: when the request that was answered began. */
  info(): Promise<{ readonly answer: SockJsAnswer; readonly since: number }>;
  /** Settles like the promise, or rejects when the limit of the connect passes. */
  within<T>(going: Promise<T>): Promise<T>;
  /** Begins a limit for one way to connect, within that of the connect. */
  attempt(milliseconds: number, tooLate: () => Error): SockJsAttempt;
  /** Connections for the POST requests of one session. None is open yet. */
  openConnections(): SockJsConnections;
}

export interface SockJsConnections {
  post(request: SockJsPost): Promise<SockJsAnswer>;
  /** Ends all of them, also those that a request uses. */
  close(): void;
}

export interface SockJsAttempt {
  /** @param path below the endpoint's */
  openWebSocket(path: string): Promise<{ readonly transport: Transport; readonly subprotocol: string }>;
  within<T>(going: Promise<T>): Promise<T>;
  /** Ends the limit. */
  clear(): void;
}

export interface SockJsPost {
  /** Below the endpoint's path. */
  readonly path: string;
  /** Undefined for none. */
  readonly body?: string;
  /** How long the head of the answer may take; undefined for no limit. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  /** Called once the request has been written. */
  readonly onSent?: () => void;
}

/** The head of an answer. Its owner reads or destroys the body. */
export interface SockJsAnswer extends HandshakeAnswer {
  readonly body: Readable;
  readonly remoteAddress: string | undefined;
}
