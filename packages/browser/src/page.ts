// The parts of the global object that the client uses, so that its types need no library of the DOM. Workers have no
// document; Node, Bun and Deno have no page events either.

/** A WebSocket, as far as the client uses it. */
export interface PageSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly protocol: string;
  binaryType: string;
  onopen: ((event: never) => unknown) | null;
  /** A socket that can stop reading waits for the promise, if this returns one. */
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(code?: number, reason?: string): void;
}

/** The end of a WebSocketStream. */
export interface StreamEnd {
  readonly closeCode?: number;
  readonly reason?: string;
}

/** A WebSocketStream, which Chromium has. */
export interface PageStream {
  readonly opened: Promise<{
    readonly readable: { getReader(): { read(): Promise<{ readonly value?: unknown; readonly done: boolean }> } };
    readonly writable: { getWriter(): { write(data: string | ArrayBuffer | ArrayBufferView): Promise<void> } };
    readonly protocol: string;
  }>;
  readonly closed: Promise<StreamEnd>;
  close(end: { readonly closeCode: number | undefined; readonly reason: string | undefined }): void;
}

interface PageEvent {
  readonly type: string;
  readonly persisted?: boolean;
}

interface Page {
  addEventListener?(
    type: string,
    listener: (event: PageEvent) => void,
    options: { readonly signal: AbortSignal },
  ): void;
  readonly WebSocket?: new (url: string, subprotocols: string[]) => PageSocket;
  readonly WebSocketStream?: new (url: string, options: { readonly protocols: readonly string[] }) => PageStream;
  readonly location?: { readonly href: string };
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: { readonly hidden: boolean };
}

// Read at each use, because a worker or a test may replace them.
export const page = globalThis as Page;

/** Whether nobody looks at the page, or the computer has no network. */
export function isIdle(): boolean | undefined {
  return page.document?.hidden || page.navigator?.onLine === false;
}

/**
 * Watches the page until the signal aborts.
 *
 * @param onWake runs when the network is back, and when the page is visible, resumed, or shown again
 * @param onLeave runs when the browser may keep the page in its back-forward cache
 */
export function watchPage(signal: AbortSignal, onWake: () => void, onLeave: () => void): void {
  const listener = ({ type, persisted }: PageEvent): void => {
    if (type === 'pagehide') return persisted ? onLeave() : undefined;
    if (!isIdle()) onWake();
  };
  // Events of the document bubble.
  for (const type of ['online', 'pageshow', 'pagehide', 'visibilitychange', 'resume'])
    page.addEventListener?.(type, listener, { signal });
}

/** Counts the characters of a text, as the client in Node does. An object has no size before it is encoded. */
export function sizeOf(message: unknown): number {
  return typeof message === 'string' ? message.length : ((message as Partial<ArrayBuffer> | null)?.byteLength ?? 0);
}
