import { tracingChannel } from 'node:diagnostics_channel';
import type { Around, RefusalRule } from '@serval/container';
import { placeOf, type HandshakeProgress, type RoutedRequest } from './routed-request';
import type { UpgradeRequest } from './upgrade-request';

/**
 * The name of the tracing channel of handshakes: `tracing:serval.handshake:start` and so on. Each event is a
 * {@link TracedHandshake}. A handshake is asynchronous, so it is over with `asyncEnd`.
 */
export const HANDSHAKE_CHANNEL = 'serval.handshake';

const channels = tracingChannel<unknown, TracedHandshake>(HANDSHAKE_CHANNEL);

/** One handshake at the path of an endpoint, until it is answered or the client has left. */
export class TracedHandshake implements HandshakeProgress {
  readonly request: UpgradeRequest;
  /** The path that the client requested, without its query. */
  readonly path: string;
  /** The class's name. */
  readonly endpoint: string;
  /** The endpoint's path as it was deployed, such as `/chat/{room}`. */
  readonly template: string;
  /** 101, or 200 over HTTP/2; the status of a refusal; undefined as long as nothing was answered. */
  status: number | undefined = undefined;
  /** Why it was refused. */
  rule: RefusalRule | undefined = undefined;
  /** The exception of user code that the container answered with 500; set before `error`. */
  error: Error | undefined = undefined;
  /** A subscriber of `start` may set it, to run the handshake and everything of its session inside something. */
  around: Around | undefined = undefined;
  #isOver = false;

  constructor(routed: RoutedRequest) {
    const { path, endpoint, template } = placeOf(routed);
    this.request = routed.request;
    this.path = path;
    this.endpoint = endpoint;
    this.template = template;
  }

  /** The container has accepted the handshake; the session follows. */
  accepted(status: number): void {
    this.status = status;
    this.#finish();
  }

  /** The container has refused the handshake. */
  refused(status: number, rule: RefusalRule): void {
    this.status = status;
    this.rule = rule;
    this.#finish();
  }

  failed(error: Error): void {
    this.status = 500;
    this.error = error;
    if (!this.#isOver) channels.error.publish(this);
    this.#finish();
  }

  /** The client has left, if nothing was answered. */
  finished(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    channels.asyncStart.publish(this);
    channels.asyncEnd.publish(this);
  }
}

/** Whether anybody subscribed to the channel. Otherwise nothing is traced. */
export function isTracing(): boolean {
  return channels.hasSubscribers;
}

/** @param answer must not throw, and its promise must not reject */
export function traceHandshake(handshake: TracedHandshake, answer: () => Promise<void>): Promise<void> {
  const run = (): Promise<void> => {
    const answered = answer().then(() => handshake.finished());
    channels.end.publish(handshake);
    return answered;
  };
  return channels.start.runStores(handshake, () => (handshake.around === undefined ? run() : handshake.around(run)));
}
