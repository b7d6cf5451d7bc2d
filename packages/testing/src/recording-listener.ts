import type { InboundRule, TransportListener } from '@serval/api/spi';

/** An event that a {@link RecordingListener} received. Bytes are hexadecimal text, so that entries compare by value. */
export type RecordedEvent =
  | { readonly kind: 'text'; readonly text: string; readonly last: boolean }
  | { readonly kind: 'binary'; readonly hex: string; readonly last: boolean }
  | { readonly kind: 'pong'; readonly hex: string }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** A listener that records its events, for tests that use a session or a transport from the other side. */
export class RecordingListener implements TransportListener {
  readonly events: RecordedEvent[] = [];
  readonly errors: Error[] = [];
  pings = 0;
  textRule: InboundRule = { inParts: false, maxBytes: 2 ** 31 };
  binaryRule: InboundRule = { inParts: false, maxBytes: 2 ** 31 };
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  onText(text: string, last: boolean): void {
    this.#record({ kind: 'text', text, last });
  }

  onBinary(data: Buffer, last: boolean): void {
    this.#record({ kind: 'binary', hex: data.toString('hex'), last });
  }

  onPong(data: Buffer): void {
    this.#record({ kind: 'pong', hex: data.toString('hex') });
  }

  onPing(): void {
    this.pings += 1;
  }

  onClose(code: number, reason: string): void {
    this.#record({ kind: 'close', code, reason });
  }

  onError(error: Error): void {
    this.errors.push(error);
  }

  /** Resolves to all events, once there are at least `count`. */
  async until(count: number): Promise<readonly RecordedEvent[]> {
    if (this.events.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.events;
  }

  /** Resolves to the texts among the events, once there are at least `count`. */
  async texts(count: number): Promise<string[]> {
    const texts = (): string[] => this.events.flatMap((event) => (event.kind === 'text' ? [event.text] : []));
    while (texts().length < count) await this.until(this.events.length + 1);
    return texts();
  }

  /** Resolves to the code and reason of the close, once there is one. */
  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    for (;;) {
      const close = this.events.find((event) => event.kind === 'close');
      if (close?.kind === 'close') return { code: close.code, reason: close.reason };
      await this.until(this.events.length + 1);
    }
  }

  #record(event: RecordedEvent): void {
    this.events.push(event);
    for (const waiter of this.#waiting.splice(0)) {
      if (this.events.length >= waiter.count) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }
}
