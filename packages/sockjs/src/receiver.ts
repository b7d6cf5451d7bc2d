import type { SendCallback } from '@serval/api/spi';

/** A response that waits for frames, as a session uses it: one of the HTTP transports. */
export interface Receiver {
  /** Whether the response can take a frame now: it has not ended, and its connection is not full. */
  readonly isReady: boolean;
  /** Called by the session that takes the response; from then on the session receives its events. */
  begin(owner: ReceiverOwner): void;
  /**
   * Writes a frame. A response of a polling transport ends with it, and one of a streaming transport when it is long
   * enough; `onEnded` tells of it within the call.
   *
   * @param written called once, never from inside this call, with an error if the response was lost
   */
  send(frame: string, written: SendCallback): void;
  /** Ends the response. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
}

/** A session, as its response uses it. */
export interface ReceiverOwner {
  /** The response takes frames again. */
  onReady(): void;
  /** The response has ended as it should, so the session waits for the next one. */
  onEnded(): void;
  /** The connection of the response was lost. Not called after `destroy`. */
  onAborted(): void;
}
