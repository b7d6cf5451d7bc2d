import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { HandshakeRejection } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import type { ConnectionPlace } from '@serval/container';
import { tolerateErrors } from '@serval/protocol';
import { refusedBy } from './refusal-rule';

/** The handshakes of a container that wait for user code. */
export interface PendingHandshakes {
  readonly handshakeTimeoutMs: number;
  /** So that a stopping server can refuse them. */
  readonly pending: Set<Refusable>;
}

/** A client that waits for an answer. */
export interface Refusable {
  refuse(thrown: unknown): void;
}

/** The waiting client: the stream of a request, or a socket that the application accepted. */
export interface WaitingClient {
  /** Emits 'close' and 'error'. */
  readonly events: EventEmitter;
  readonly isGone: () => boolean;
}

/** The client at the other end of a stream. */
export function clientOf(stream: Duplex): WaitingClient & { readonly drop: () => void } {
  return { events: stream, isGone: () => stream.destroyed, drop: () => stream.destroy() };
}

/** A handshake that waits for user code. It watches the client, because nothing else does, and its time limit. */
export class PendingHandshake<P extends ConnectionPlace = ConnectionPlace> {
  /** `taken`: user code has decided, and a session opens. `given-up`: the server refused the client, or the client left. */
  #phase: 'waiting' | 'taken' | 'given-up' = 'waiting';
  readonly #deadline: Deadline;
  readonly #onClose = (): void => this.giveUp();
  #stopWatching: () => void = () => undefined;
  #place: P | undefined;
  #tellGivenUp: (nothing: undefined) => void = () => undefined;
  readonly #givenUp = new Promise<undefined>((resolve) => (this.#tellGivenUp = resolve));

  constructor(
    private readonly handshakes: PendingHandshakes,
    private readonly client: WaitingClient,
    private readonly answer: (thrown: unknown) => void,
  ) {
    tolerateErrors(client.events);
    client.events.once('close', this.#onClose);
    this.#deadline = new Deadline(handshakes.handshakeTimeoutMs, () => this.refuse(tookTooLong()));
    handshakes.pending.add(this);
  }

  /**
   * Gives the handshake up when the client ends its side. Node tells that of a stream only while it reads, so this reads the
   * first bytes into the stream's own buffer, which has a limit. Behind such bytes the end stays unseen: the client has
   * said something.
   */
  watchEnd(stream: Duplex): void {
    const onEnd = (): void => {
      this.giveUp();
      stream.destroy();
    };
    stream.once('end', onEnd);
    this.#stopWatching = () => stream.off('end', onEnd);
    stream.read(0);
  }

  /** Whether the client has left or received its answer. */
  get isOver(): boolean {
    return this.#phase !== 'waiting' || this.client.isGone();
  }

  /** Resolves like the work, or to undefined once the handshake ends, because user code may never settle. */
  orGivenUp<T>(work: Promise<T>): Promise<T | undefined> {
    return Promise.race([work, this.#givenUp]);
  }

  /** Undefined unless the connection counts. */
  get place(): P | undefined {
    return this.#place;
  }

  /** Keeps the place until the handshake is over, or a session takes it. */
  hold(place: P | undefined): void {
    this.#place = place;
  }

  /** A session opens. */
  take(): void {
    this.#end('taken');
  }

  /** Passes the place on to the session. */
  takePlace(): P | undefined {
    const place = this.#place;
    this.#place = undefined;
    return place;
  }

  /** The connection is over, unless a session took the place. */
  releasePlace(): void {
    this.takePlace()?.release();
  }

  /** Ends the handshake without a session and without an answer. */
  giveUp(): void {
    this.#end('given-up');
    this.releasePlace();
    this.#tellGivenUp(undefined);
  }

  /** Answers according to the thrown error, unless the client has left or received its answer. */
  refuse(thrown: unknown): void {
    if (this.#phase !== 'waiting') return;
    this.giveUp();
    if (!this.client.isGone()) this.answer(thrown);
  }

  #end(phase: 'taken' | 'given-up'): void {
    this.#phase = phase;
    this.#deadline.clear();
    this.client.events.off('close', this.#onClose);
    this.#stopWatching();
    this.handshakes.pending.delete(this);
  }
}

/** The answer to upgrades while a server drains or stops. */
export function serverUnavailable(rule: 'paused' | 'stopped' | 'bus'): HandshakeRejection {
  const body = 'The server accepts no new sessions at the moment.\n';
  return refusedBy(rule, new HandshakeRejection(503, { body, headers: { 'Retry-After': '5' } }));
}

function tookTooLong(): HandshakeRejection {
  const response = { body: 'The handshake took too long.\n', headers: { 'Retry-After': '1' } };
  return refusedBy('handshakeTimeout', new HandshakeRejection(503, response));
}
