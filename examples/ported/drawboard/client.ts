import { CloseReason, type RemoteEndpoint, type Session } from 'serval';

/** The limit of waiting data for one client; beyond it, the session closes. */
const MAX_MESSAGES = 1000;
const MAX_BYTES = 1_000_000;
const { VIOLATED_POLICY } = CloseReason.CloseCodes;

/**
 * The messages to one session, sent one at a time. Waiting texts are joined with `;`.
 */
export class Client {
  readonly #remote: RemoteEndpoint.Async;
  readonly #waiting: (string | Buffer)[] = [];
  #waitingBytes = 0;
  #isSending = false;
  #isClosing = false;

  constructor(private readonly session: Session) {
    this.#remote = session.getAsyncRemote();
  }

  send(message: string | Buffer): void {
    if (this.#isClosing) return;
    if (!this.#isSending) {
      void this.#sendAll(message);
    } else if (this.#waiting.length >= MAX_MESSAGES || this.#waitingBytes >= MAX_BYTES) {
      this.#end(new CloseReason(VIOLATED_POLICY, 'Send Buffer exceeded'));
    } else {
      this.#wait(message);
    }
  }

  /** Closes the session, after everything that was sent. */
  close(): void {
    this.#isClosing = true;
    if (!this.#isSending) void this.session.close();
  }

  async #sendAll(first: string | Buffer): Promise<void> {
    this.#isSending = true;
    try {
      for (let message: string | Buffer | undefined = first; message !== undefined; message = this.#next()) {
        await (typeof message === 'string' ? this.#remote.sendText(message) : this.#remote.sendBinary(message));
      }
      this.#isSending = false;
      if (this.#isClosing) void this.session.close();
    } catch {
      // The connection is gone, and onClose follows; or a send took too long.
      this.#end();
    }
  }

  #wait(message: string | Buffer): void {
    const last = this.#waiting.at(-1);
    if (typeof message === 'string' && typeof last === 'string') {
      this.#waiting[this.#waiting.length - 1] = `${last};${message}`;
      this.#waitingBytes += sizeOf(`;${message}`);
    } else {
      this.#waiting.push(message);
      this.#waitingBytes += sizeOf(message);
    }
  }

  #next(): string | Buffer | undefined {
    const message = this.#waiting.shift();
    if (message !== undefined) this.#waitingBytes -= sizeOf(message);
    return message;
  }

  #end(reason?: CloseReason): void {
    this.#isClosing = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    if (this.session.isOpen()) void this.session.close(reason);
  }
}

/** A character of a text takes two bytes in memory. */
function sizeOf(message: string | Buffer): number {
  return typeof message === 'string' ? message.length * 2 : message.byteLength;
}
