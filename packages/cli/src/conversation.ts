import { Endpoint, PongMessage, type CloseReason, type EndpointConfig, type Session } from '@serval/api';
import type { Printer } from './printer';

/** The endpoint of `serval connect`. It prints events and reports each message of the peer to `whenHeard`. */
export class Conversation extends Endpoint {
  readonly #pings = new Map<string, number>();
  #whenHeard: () => void = () => undefined;

  constructor(private readonly printer: Printer) {
    super();
  }

  /** Runs for each message. */
  set whenHeard(listener: () => void) {
    this.#whenHeard = listener;
  }

  override onOpen(session: Session, _config: EndpointConfig): Promise<void> | undefined {
    session.addMessageHandler(String, (text) => this.#heard(this.printer.text(text)));
    session.addMessageHandler(Uint8Array, (bytes) => this.#heard(this.printer.binary(bytes)));
    session.addMessageHandler(PongMessage, (pong) => {
      const data = Buffer.from(pong.getApplicationData()).toString();
      const sent = this.#pings.get(data);
      this.#pings.delete(data);
      return this.#heard(this.printer.pong(data, sent === undefined ? undefined : performance.now() - sent));
    });
    const extensions = session.getNegotiatedExtensions().map((extension) => extension.getName());
    return this.printer.opened(session.getRequestURI().href, session.getNegotiatedSubprotocol(), extensions);
  }

  override onClose(_session: Session, reason: CloseReason): Promise<void> | undefined {
    return this.printer.closed(reason.getCloseCode().getCode(), reason.getReasonPhrase());
  }

  override onError(_session: Session, error: Error): void {
    this.printer.error(error.message);
  }

  async ping(session: Session, text: string): Promise<void> {
    // A peer that does not answer pings must not exhaust the memory.
    if (this.#pings.size >= MOST_PINGS) this.#pings.clear();
    this.#pings.set(text, performance.now());
    await session.getBasicRemote().sendPing(Buffer.from(text));
  }

  #heard(printing: Promise<void> | undefined): Promise<void> | undefined {
    this.#whenHeard();
    return printing;
  }
}

const MOST_PINGS = 1000;
