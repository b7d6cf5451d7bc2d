import { formatSent, FramedSession, HttpSession, parseFrame, type Receiver, type ReceiverOwner } from '@serval/sockjs';
import {
  createTransportPair,
  RecordingListener,
  transportContract,
  type Capability,
  type ContractPeer,
  type OpenConnection,
} from '@serval/testing';

/** A client that asks for the next response as soon as one has ended, without a network. */
class MemoryClient implements ContractPeer {
  readonly received = new RecordingListener();
  readonly session: HttpSession;
  #response: MemoryResponse | undefined;
  #isPaused = false;
  #isOver = false;

  constructor(private readonly isStreaming: boolean) {
    this.session = new HttpSession({
      isSecure: false,
      remoteAddress: '127.0.0.1',
      disconnectDelayMs: 60_000,
      heartbeatMs: Infinity,
      messageCacheSize: 100,
      lost: () => undefined,
      ended: () => undefined,
      forget: () => undefined,
    });
    this.ask();
  }

  ask(): void {
    if (this.#isOver) return;
    this.#response = new MemoryResponse(this.isStreaming, this.#isPaused, {
      frame: (frame) => this.#read(frame),
      ended: () => setImmediate(() => this.ask()),
    });
    this.session.attach(this.#response);
  }

  #read(text: string): void {
    const frame = parseFrame(text);
    if (frame?.kind === 'messages') for (const one of frame.texts) this.received.onText(one, true);
    if (frame?.kind !== 'close') return;
    this.#isOver = true;
    this.received.onClose(frame.code, frame.reason);
  }

  sendText(text: string): void {
    setImmediate(() => this.session.receive([text], () => undefined));
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

  close(): void {
    throw new Error('A page cannot tell the server that it closes.');
  }

  drop(): void {
    setImmediate(() => {
      this.#isOver = true;
      this.#response?.abort();
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#response?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#response?.resume();
  }
}

interface Reader {
  frame(frame: string): void;
  ended(): void;
}

/** A response whose connection takes one frame at a time, and none while its peer is paused. */
class MemoryResponse implements Receiver {
  #owner: ReceiverOwner | undefined;
  #hasEnded = false;
  readonly #unread: (() => void)[] = [];

  constructor(
    private readonly isStreaming: boolean,
    private isPaused: boolean,
    private readonly reader: Reader,
  ) {}

  get isReady(): boolean {
    return !this.#hasEnded && this.#unread.length === 0;
  }

  begin(owner: ReceiverOwner): void {
    this.#owner = owner;
  }

  send(frame: string, written: (error?: Error | null) => void): void {
    this.#unread.push(() => {
      written();
      this.reader.frame(frame);
    });
    setImmediate(() => this.#readOn());
    if (!this.isStreaming) this.end();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#owner?.onEnded();
    this.#unread.push(() => this.reader.ended());
    setImmediate(() => this.#readOn());
  }

  destroy(): void {
    this.#owner = undefined;
  }

  abort(): void {
    this.#owner?.onAborted();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#readOn();
  }

  #readOn(): void {
    while (!this.isPaused) {
      const next = this.#unread.shift();
      if (next === undefined) break;
      next();
    }
    if (this.isReady) this.#owner?.onReady();
  }
}

const openHttp =
  (isStreaming: boolean): OpenConnection =>
  () => {
    const peer = new MemoryClient(isStreaming);
    return Promise.resolve({ transport: peer.session, peer });
  };

/** A session over a WebSocket without a network, and a client that writes and reads the frames of SockJS. */
const openFramed: OpenConnection = () => {
  const [left, right] = createTransportPair();
  const transport = new FramedSession(left, { heartbeatMs: Infinity, maxBodyBytes: 2 ** 31 });
  const received = new RecordingListener();
  right.open({
    textRule: received.textRule,
    binaryRule: received.binaryRule,
    onText: (text) => {
      const frame = parseFrame(text);
      if (frame?.kind === 'messages') for (const one of frame.texts) received.onText(one, true);
    },
    onBinary: (data, last) => received.onBinary(data, last),
    onPing: () => received.onPing(),
    onPong: (data) => received.onPong(data),
    onClose: (code, reason) => received.onClose(code, reason),
    onError: (error) => received.onError(error),
  });
  right.resume();
  let isInside = false;
  const peer: ContractPeer = {
    received,
    sendText: (text, last) => {
      const begin = isInside ? '' : '["';
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
  return Promise.resolve({ transport, peer });
};

const OVER_HTTP: readonly Capability[] = ['close codes'];
const OVER_WEB_SOCKET: readonly Capability[] = ['fragments', 'pings', 'close frames', 'close codes'];

describe.each([
  // SockJS has no binary messages, and over HTTP neither fragments nor pings nor close frames of the client.
  ['a polling session', openHttp(false), OVER_HTTP],
  ['a streaming session', openHttp(true), OVER_HTTP],
  // It delivers fragments whole.
  ['a session over a WebSocket', openFramed, OVER_WEB_SOCKET],
] as const)('the transport contract: %s', (_name, open, capabilities) => {
  for (const { title, needs = [], run } of transportContract) {
    const missing = needs.filter((one) => !capabilities.includes(one));
    if (missing.length > 0) test.skip(`${title} (needs ${missing.join(', ')})`, () => undefined);
    else test(title, () => run(open));
  }
});
