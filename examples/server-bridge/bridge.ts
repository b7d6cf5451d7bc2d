import { ClientEndpoint, OnMessage, OnOpen, Session } from 'serval';

/** Readings that may wait for the archive; a device is told so when there are more. */
const MAX_WAITING = 1000;

/** A reading on its way: what the archive is sent, and who waits for its acknowledgement. */
interface Waiting {
  readonly message: string;
  readonly stored: () => void;
}

/** The side of the bridge that is a client: one instance for all sessions with the archive. */
@ClientEndpoint
export class ArchiveLink {
  private readonly waiting = new Map<number, Waiting>();
  private session: Session | undefined;
  private last = 0;

  /** A session has begun, the first or another one: what was not acknowledged is sent, perhaps again. */
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

  /** A send that fails is made again with the next session, so nobody waits for it. */
  private send(message: string): void {
    if (this.session?.isOpen() === true) void this.session.getAsyncRemote().sendText(message);
  }
}
