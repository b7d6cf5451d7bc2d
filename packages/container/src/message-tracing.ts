import { tracingChannel } from 'node:diagnostics_channel';
import type { Session } from '@serval/api';
import type { MessageRoute } from '@serval/plan';
import type { Settled } from './promises';
import { templateOf, type PlacedSession } from './session-report';

/**
 * The name of the tracing channel of messages: `tracing:serval.message:start` and so on. Each event is a
 * {@link HandledMessage}.
 */
export const MESSAGE_CHANNEL = 'serval.message';

const channels = tracingChannel<unknown, HandledMessage>(MESSAGE_CHANNEL);

/** Runs a call inside something, such as a context of AsyncLocalStorage. It must call it once, and return its result. */
export type Around = <T>(call: () => T) => T;

/** A session whose messages are traced. */
type TracedSession = PlacedSession & Session;

/**
 * One message, a part of one, or a pong, from its decoding until its handler has settled and its reply is accepted. The
 * same object is passed to every event of the message; subscribers may add symbols to it.
 */
export class HandledMessage {
  /** When the container began to handle it, in `performance.now()` time. */
  readonly startedAt = performance.now();
  readonly messageType: 'text' | 'binary' | 'pong';
  #method: string | symbol | undefined;
  /** The exception of the decoder or the handler; set before `error`. `@OnError` may have handled it. */
  error: Error | undefined = undefined;
  /** Whether the handler returned a promise: `asyncStart` and `asyncEnd` follow. Set before `end`. */
  isAsync = false;
  /** A subscriber of `start` may set it, to run the handler inside something. It wraps the one before it, if there is one. */
  around: Around | undefined = undefined;

  readonly session: Session;
  readonly #place: PlacedSession;

  constructor(session: TracedSession, { native, method }: MessageRoute) {
    this.session = session;
    this.#place = session;
    this.messageType = native;
    this.#method = method;
  }

  /** The name of the method, from `end` on that of the one for the message's type; empty when no method takes the type. */
  get method(): string {
    return this.#method === undefined ? '' : String(this.#method);
  }

  /** @internal */
  dispatchedTo(plan: Pick<MessageRoute, 'method'> | undefined): void {
    this.#method = plan?.method;
  }

  /** The class's name. */
  get endpoint(): string {
    return this.#place.plan.name;
  }

  /** The endpoint's path as it was deployed; undefined for a client. */
  get template(): string | undefined {
    return templateOf(this.#place);
  }
}

/** Whether anybody subscribed to the channel. Otherwise nothing is traced. */
export function isTracing(): boolean {
  return channels.hasSubscribers;
}

/** @param handle must not throw; its promise must not reject */
export function traceMessage(message: HandledMessage, handle: () => Settled): Settled {
  const run = (): Settled => {
    const settled = handle();
    message.isAsync = settled !== undefined;
    channels.end.publish(message);
    return settled?.then(() => {
      channels.asyncStart.publish(message);
      channels.asyncEnd.publish(message);
    });
  };
  return channels.start.runStores(message, () => (message.around === undefined ? run() : message.around(run)));
}

/** The decoder or the handler threw. */
export function messageFailed(message: HandledMessage, error: Error): void {
  message.error = error;
  channels.error.publish(message);
}
