import { ClientEndpoint, OnMessage, OnOpen, Session } from 'serval';

/** Readings that may wait for the archive; beyond that, a device gets `busy`. */
const MAX_WAITING = 1000;

/** A reading on its way: the message to the archive, and the callbacks for its acknowledgement. */
interface Waiting {
  readonly message: string;
  readonly stored: () => void;
}

/** The client side of the bridge: one instance for all sessions with the archive. */
@ClientEndpoint
export class ArchiveLink {
  private readonly waiting = new Map<number, Waiting>();
  private session: Session | undefined;
  private last = 0;

  /** Sends all unacknowledged readings when a session opens, the first or a later one. */
  @OnOpen
  open(session: Session): void {
    this.session = session;
    for (const { message } of this.waiting.values()) this.send(message);
  }

  /** The archive acknowledges a reading by its number. */
  @OnMessage
  acknowledged(number: number): void {
    this.waiting.get(number)?.stored();
    this.waiting.delete(number);
  }

  /** Resolves with the number of the reading once the archive has it; rejects when too many wait. */
  store(reading: string): Promise<number> {
    if (this.waiting.size >= MAX_WAITING) return Promise.reject(new Error('The archive is behind.'));
    this.last += 1;
    const number = this.last;
    const message = `${number} ${reading}`;
    return new Promise((resolve) => {
      this.waiting.set(number, { message, stored: () => resolve(number) });
      this.send(message);
    });
  }

  /** The next session repeats a failed send, so nothing waits for it. */
  private send(message: string): void {
    this.session?.send(message);
  }
}
