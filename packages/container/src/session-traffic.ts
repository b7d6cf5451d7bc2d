/** The sends of one session that wait. */
interface Waiting {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * The messages of one session, while it lives: payloads after decompression, without frame headers and control frames. A
 * session has one only if somebody had subscribed to the diagnostics channel when it began.
 */
export class SessionTraffic {
  /** Since when the session exists, in `performance.now()` time. */
  readonly openedAt = performance.now();
  receivedMessages = 0;
  receivedBytes = 0;
  sentMessages = 0;
  sentBytes = 0;
  /** Messages that a newer one with the same key replaced while they waited; they do not count as sent. */
  coalescedMessages = 0;

  constructor(private readonly waiting: () => Waiting) {}

  /** Messages that wait to be written to the peer. */
  get queuedMessages(): number {
    return this.waiting().messages;
  }

  /** Bytes that wait to be written to the peer, in the queue and in the transport. */
  get queuedBytes(): number {
    return this.waiting().bytes;
  }

  received(data: string | Uint8Array, last: boolean): void {
    this.receivedBytes += bytesOf(data);
    if (last) this.receivedMessages += 1;
  }

  sent(data: string | Uint8Array, last: boolean): void {
    this.sentBytes += bytesOf(data);
    if (last) this.sentMessages += 1;
  }
}

function bytesOf(data: string | Uint8Array): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
}
