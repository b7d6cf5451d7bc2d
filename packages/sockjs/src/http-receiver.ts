import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers'; // the real one, so that a test runner's fake timers do not affect it
import type { SendCallback } from '@serval/api/spi';
import type { Receiver, ReceiverOwner } from './receiver';

/** The bytes of one HTTP transport. */
export interface WireFormat {
  /** Written first, in a separate chunk; undefined for a polling transport, whose response ends with one frame. */
  readonly prelude: string | undefined;
  readonly wrap: (frame: string) => string;
}

/** nginx, also with gzip, passes a response with it on as it arrives. Other software ignores it. */
const UNBUFFERED = { 'X-Accel-Buffering': 'no' };

/** Whether the client of a response has left. One of HTTP/2 tells it by its stream. */
export function isGone(response: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true;
}

/** A response of HTTP/1 or, by Node's compatibility API, of HTTP/2, as a session uses it. */
export class HttpReceiver implements Receiver {
  #owner: ReceiverOwner | undefined;
  #hasBegun = false;
  #hasEnded = false;
  #needsDrain = false;
  #isFinished = false;
  #isGone = false;
  #written = 0;

  /**
   * @param headers all headers but those of the length
   * @param limitBytes a streaming response ends when it has so many bytes
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly format: WireFormat,
    private readonly headers: OutgoingHttpHeaders,
    private readonly limitBytes: number,
  ) {}

  get isReady(): boolean {
    return !this.#hasEnded && !this.#needsDrain && !this.#isGone;
  }

  begin(owner: ReceiverOwner): void {
    this.#owner = owner;
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { response, format } = this;
    response.on('drain', () => this.#drained());
    response.on('finish', () => (this.#isFinished = true));
    response.on('close', () => this.#closed());
    // A peer that leaves is no error of the process; 'close' follows.
    response.on('error', () => undefined);
    if (isGone(response)) {
      // Its end came before.
      this.#isGone = true;
      setImmediate(() => this.#closed());
      return;
    }
    if (format.prelude === undefined) return;
    response.writeHead(200, { ...UNBUFFERED, ...this.headers });
    response.write(format.prelude);
  }

  send(frame: string, written: SendCallback): void {
    const { response, format } = this;
    if (this.#hasEnded || this.#isGone) {
      setImmediate(() => written(new Error('the response is closed')));
      return;
    }
    const text = format.wrap(frame);
    if (format.prelude === undefined) {
      this.#hasEnded = true;
      response.writeHead(200, { ...this.headers, 'Content-Length': Buffer.byteLength(text) });
      response.end(text, () => written());
      this.#owner?.onEnded();
      return;
    }
    this.#written += Buffer.byteLength(text);
    this.#needsDrain = !response.write(text, written);
    if (this.#written >= this.limitBytes) this.end();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.response.end();
    this.#owner?.onEnded();
  }

  destroy(): void {
    this.#owner = undefined;
    this.response.destroy();
  }

  #drained(): void {
    this.#needsDrain = false;
    if (!this.#hasEnded) this.#owner?.onReady();
  }

  #closed(): void {
    this.#isGone = true;
    const owner = this.#owner;
    this.#owner = undefined;
    if (!this.#hasEnded || !this.#isFinished) owner?.onAborted();
  }
}
