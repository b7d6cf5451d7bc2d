import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { HandshakeRejection } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import { tolerateErrors } from '@serval/protocol';

/** The handshakes of a container that wait for user code. */
export interface PendingHandshakes {
  readonly handshakeTimeoutMs: number;
  /** So that a stopping server can refuse them. */
  readonly pending: Set<PendingHandshake>;
}

/** Who waits for an answer: the stream of a request, or a socket that somebody else has accepted. */
export interface WaitingClient {
  /** Tells 'close' and 'error'. */
  readonly events: EventEmitter;
  readonly isGone: () => boolean;
}

export function clientOf(stream: Duplex): WaitingClient {
  return { events: stream, isGone: () => stream.destroyed };
}

/** A handshake that waits for user code. It watches the client, because nobody else does, and its own time. */
export class PendingHandshake {
  /** `taken`: user code has decided, and a session opens. `given-up`: the client was refused, or has left. */
  #phase: 'waiting' | 'taken' | 'given-up' = 'waiting';
  readonly #deadline: Deadline;
  readonly #onClose = (): void => this.giveUp();
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

  /** Whether the client has gone or has been answered. */
  get isOver(): boolean {
    return this.#phase !== 'waiting' || this.client.isGone();
  }

  /** What the work gives, or undefined as soon as nobody waits for it any more: user code may never settle. */
  orGivenUp<T>(work: Promise<T>): Promise<T | undefined> {
    return Promise.race([work, this.#givenUp]);
  }

  /** A session opens. */
  take(): void {
    this.#end('taken');
  }

  /** No session opens, and there is nobody to answer. */
  giveUp(): void {
    this.#end('given-up');
    this.#tellGivenUp(undefined);
  }

  /** Answers with what was thrown, unless the client has gone or has been answered. */
  refuse(thrown: unknown): void {
    if (this.#phase !== 'waiting') return;
    this.giveUp();
    if (!this.client.isGone()) this.answer(thrown);
  }

  #end(phase: 'taken' | 'given-up'): void {
    this.#phase = phase;
    this.#deadline.clear();
    this.client.events.off('close', this.#onClose);
    this.handshakes.pending.delete(this);
  }
}

/** The answer to upgrades while a server drains or stops. */
export function serverUnavailable(): HandshakeRejection {
  return new HandshakeRejection(503, {
    body: 'The server takes no new sessions for now.\n',
    headers: { 'Retry-After': '5' },
  });
}

function tookTooLong(): HandshakeRejection {
  return new HandshakeRejection(503, { body: 'The handshake took too long.\n', headers: { 'Retry-After': '1' } });
}
