import { page, sizeOf, type PageSocket, type PageStream } from './page';
import type { OutgoingMessage } from './types';

declare const WebSocket: new (url: string, subprotocols: string[]) => PageSocket;

/**
 * A socket for the option `socket` that stops reading while a handler or the loop is busy, so that the server notices a
 * page that reads slowly. It is a `WebSocketStream` where the browser has one (Chromium 124), else a `WebSocket`.
 *
 * @example
 * const client = await connect('/feed', { socket: streamSocket });
 */
export function streamSocket(url: string, subprotocols: string[]): PageSocket {
  const { WebSocketStream } = page;
  if (WebSocketStream === undefined) return webSocket(url, subprotocols);
  return new StreamSocket(new WebSocketStream(url, { protocols: subprotocols }));
}

export const webSocket = (url: string, subprotocols: string[]): PageSocket => new WebSocket(url, subprotocols);

/** A WebSocketStream in the shape of a WebSocket. */
class StreamSocket implements PageSocket {
  readyState = 0;
  bufferedAmount = 0;
  protocol = '';
  binaryType = '';
  onopen: PageSocket['onopen'] = null;
  onmessage: PageSocket['onmessage'] = null;
  onclose: PageSocket['onclose'] = null;
  onerror: PageSocket['onerror'] = null;
  #write: (data: OutgoingMessage) => Promise<void> = () => Promise.reject(new Error());

  constructor(private readonly stream: PageStream) {
    const read = this.#read().catch(() => undefined);
    void stream.closed
      .then(
        ({ closeCode = 1005, reason = '' }) => ({ code: closeCode, reason, wasClean: true }),
        () => ({ code: 1006, reason: '', wasClean: false }),
      )
      .then(async (end) => {
        this.readyState = 3;
        // Messages that arrived before the end come first.
        await read;
        this.onclose?.(end as never);
      });
  }

  async #read(): Promise<void> {
    const { readable, writable, protocol } = await this.stream.opened;
    const writer = writable.getWriter();
    this.#write = (data) => writer.write(data);
    this.protocol = protocol;
    this.readyState = 1;
    this.onopen?.({} as never);
    const reader = readable.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      await this.onmessage?.({ data: part.value } as never);
  }

  send(data: OutgoingMessage): void {
    const bytes = sizeOf(data);
    this.bufferedAmount += bytes;
    this.#write(data).then(
      () => (this.bufferedAmount -= bytes),
      () => undefined,
    );
  }

  close(closeCode?: number, reason?: string): void {
    this.stream.close({ closeCode, reason });
    this.readyState = 2;
  }
}
