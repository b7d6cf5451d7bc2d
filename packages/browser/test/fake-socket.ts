import { connect, type WebSocketClient, type ConnectOptions, type PageSocket } from '../src';

/** A socket whose server is the test. */
export class FakeSocket implements PageSocket {
  readyState = 0;
  bufferedAmount = 0;
  protocol = '';
  binaryType = '';
  onopen: PageSocket['onopen'] = null;
  onmessage: PageSocket['onmessage'] = null;
  onclose: PageSocket['onclose'] = null;
  onerror: PageSocket['onerror'] = null;
  readonly sent: unknown[] = [];
  /** Codes and phrases of the page's close. */
  closed: string | undefined;

  constructor(
    readonly url: string,
    readonly subprotocols: readonly string[],
  ) {}

  send(data: unknown): void {
    if (this.readyState !== 1) throw new Error('not open');
    this.sent.push(data);
  }

  /** As browsers do. */
  close(code?: number, reason = ''): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code < 5000)) throw new Error(`not a code: ${code}`);
    if (this.readyState > 1) return;
    this.readyState = 2;
    this.closed = `${code ?? 1005} ${reason}`.trim();
  }

  accept(): this {
    this.readyState = 1;
    this.onopen?.({} as never);
    return this;
  }

  /** @returns the client's promise, if it reads later */
  deliver(data: unknown): unknown {
    return this.onmessage?.({ data } as never);
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason, wasClean: code !== 1006 } as never);
  }
}

/** The sockets that connections have opened, in order. */
export class Sockets {
  readonly all: FakeSocket[] = [];

  readonly open = (url: string, subprotocols: string[]): FakeSocket => {
    const socket = new FakeSocket(url, subprotocols);
    this.all.push(socket);
    return socket;
  };

  get last(): FakeSocket {
    const socket = this.all.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  /** A connection whose first socket is open. */
  async connect<In, Out>(options: ConnectOptions<In, Out> = {}): Promise<WebSocketClient<In, Out>> {
    const connecting = connect<In, Out>('ws://example.com/', { socket: this.open, ...options });
    await turns();
    this.last.accept();
    return connecting;
  }
}

/** Lets promises settle; timers stay. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

/** The code of the error with which a promise rejects. */
export async function codeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: unknown }).code ?? String(error);
  }
  return 'resolved';
}
