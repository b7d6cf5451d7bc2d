import { PassThrough, type Readable } from 'node:stream';
import { HeaderMap } from '@serval/protocol';
import {
  createTransportPair,
  RecordingListener,
  transportContract,
  type Capability,
  type ContractPeer,
  type OpenConnection,
} from '@serval/testing';
import {
  formatMessages,
  formatSent,
  parseSent,
  type SockJsAnswer,
  type SockJsPost,
  type SockJsConnections,
} from '../src';
import { SockJsSession } from '../src/client-session';
import { WebSocketChannel } from '../src/client-web-socket';
import { XhrChannel, type XhrKind } from '../src/client-xhr';

/** A server without a network: it answers the requests of one session. */
class MemoryServer implements SockJsConnections, ContractPeer {
  readonly received = new RecordingListener();
  #response: PassThrough | undefined;
  #frames = ['o'];
  #isPaused = false;
  #isDropped = false;
  readonly #unread: (() => void)[] = [];

  constructor(private readonly kind: XhrKind) {}

  post({ path, body, signal }: SockJsPost): Promise<SockJsAnswer> {
    // Frames that were sent before still arrive, as in a network.
    if (this.#isDropped && this.#frames.length === 0) return Promise.reject(new Error('the connection is refused'));
    if (path.endsWith('xhr_send')) return this.#take(body ?? '', signal);
    const response = new PassThrough();
    signal.addEventListener('abort', () => {
      response.destroy();
      this.received.onClose(1005, '');
    });
    this.#response = response;
    setImmediate(() => this.#flush());
    return Promise.resolve(answer(200, response));
  }

  #take(body: string, signal: AbortSignal): Promise<SockJsAnswer> {
    const sent = parseSent(body);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.#unread.push(() => {
        if (sent.kind === 'messages') for (const text of sent.texts) this.received.onText(text, true);
        resolve(answer(204, new PassThrough().end()));
      });
      this.#read();
    });
  }

  #read(): void {
    if (!this.#isPaused) for (const read of this.#unread.splice(0)) read();
  }

  sendText(text: string): void {
    this.#frames.push(formatMessages([text]));
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    while (this.#response !== undefined) {
      const frame = this.#frames.shift();
      if (frame === undefined) return;
      this.#response.write(`${frame}\n`);
      if (this.kind === 'xhr') {
        this.#response.end();
        this.#response = undefined;
      }
    }
  }

  drop(): void {
    this.#isDropped = true;
    setImmediate(() => setImmediate(() => this.#response?.destroy(new Error('reset'))));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  sendBinary(): void {
    throw new Error('SockJS has none.');
  }
  ping(): void {
    throw new Error('SockJS has none.');
  }
  pong(): void {
    throw new Error('SockJS has none.');
  }
  /** A client cannot answer it over HTTP. */
  close(): void {
    this.#response = undefined;
  }
}

function answer(status: number, body: Readable): SockJsAnswer {
  return { status, headers: new HeaderMap(), body, remoteAddress: '127.0.0.1' };
}

const openHttp =
  (kind: XhrKind): OpenConnection =>
  async () => {
    const peer = new MemoryServer(kind);
    const channel = new XhrChannel(peer, { kind, isSecure: false, path: '/000/session', sendTimeoutMs: 60_000 });
    const transport = new SockJsSession(channel, Infinity);
    expect(await transport.begin()).toBeUndefined();
    return { transport, peer };
  };

const openWebSocket: OpenConnection = async () => {
  const [left, right] = createTransportPair();
  const received = new RecordingListener();
  right.open({
    textRule: received.textRule,
    binaryRule: received.binaryRule,
    onText: (text) => {
      const sent = parseSent(text);
      if (sent.kind === 'messages') for (const one of sent.texts) received.onText(one, true);
    },
    onBinary: (data, last) => received.onBinary(data, last),
    onPing: () => received.onPing(),
    onPong: (data) => received.onPong(data),
    onClose: (code, reason) => received.onClose(code, reason),
    onError: (error) => received.onError(error),
  });
  right.resume();
  right.sendText('o', true);
  let isInside = false;
  const peer: ContractPeer = {
    received,
    sendText: (text, last) => {
      const begin = isInside ? '' : 'a["';
      right.sendText(`${begin}${formatSent([text]).slice(2, -2)}${last ? '"]' : ''}`, last);
      isInside = !last;
    },
    sendBinary: (data, last) => right.sendBinary(data, last),
    ping: (data) => right.ping(data),
    pong: (data) => right.pong(data),
    close: (code, reason) => right.close(code, reason),
    drop: () => right.terminate(),
    pause: () => right.pause(),
    resume: () => right.resume(),
  };
  const transport = new SockJsSession(new WebSocketChannel(left), Infinity);
  expect(await transport.begin()).toBeUndefined();
  return { transport, peer };
};

describe.each([
  // SockJS has no binary messages. Over HTTP a client cannot tell the server a code, or answer a close.
  ['polling', openHttp('xhr'), []],
  ['streaming', openHttp('xhr_streaming'), []],
  ['a WebSocket', openWebSocket, ['fragments', 'pings', 'close frames', 'close codes']],
] as [name: string, open: OpenConnection, capabilities: Capability[]][])(
  'the transport contract: a client of SockJS over %s',
  (_name, open, capabilities) => {
    for (const { title, needs = [], run } of transportContract) {
      const missing = needs.filter((one) => !capabilities.includes(one));
      if (missing.length > 0) test.skip(`${title} (needs ${missing.join(', ')})`, () => undefined);
      else test(title, () => run(open));
    }
  },
);
