import type { InboundRule, Transport, TransportListener } from '@serval/api/spi';
import { MAX_MESSAGE_BYTES } from './limits';

/** While so much waits to be written, nothing more is read. */
const PAUSE_AT_BYTES = 1024 * 1024;

const WHOLE: InboundRule = { inParts: false, maxBytes: MAX_MESSAGE_BYTES };

/** Sends back every message that a connection brings, or only hears the first text. */
export class EchoListener implements TransportListener {
  readonly textRule = WHOLE;
  readonly binaryRule = WHOLE;
  #transport: Transport | undefined;
  #firstText: string | undefined;
  #tellClose: (code: number) => void = () => undefined;
  /** The close code, once the connection is over. */
  readonly closed = new Promise<number>((resolve) => {
    this.#tellClose = resolve;
  });

  constructor(private readonly role: 'echo' | 'hear') {}

  get firstText(): string | undefined {
    return this.#firstText;
  }

  attach(transport: Transport): void {
    this.#transport = transport;
    transport.open(this);
    transport.resume();
  }

  onText(text: string): void {
    if (this.role === 'hear') {
      this.#firstText ??= text;
      return;
    }
    this.#transport?.sendText(text, true, this.#written);
    this.#regulate();
  }

  onBinary(data: Buffer): void {
    if (this.role === 'hear') return;
    this.#transport?.sendBinary(data, true, this.#written);
    this.#regulate();
  }

  onPong(): void {}

  onPing(): void {}

  /** The close code tells what matters of it. */
  onError(): void {}

  onClose(code: number): void {
    this.#tellClose(code);
  }

  #regulate(): void {
    if ((this.#transport?.bufferedBytes ?? 0) > PAUSE_AT_BYTES) this.#transport?.pause();
  }

  readonly #written = (): void => {
    if ((this.#transport?.bufferedBytes ?? 0) <= PAUSE_AT_BYTES) this.#transport?.resume();
  };
}
