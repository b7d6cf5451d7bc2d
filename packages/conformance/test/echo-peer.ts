import { createHash } from 'node:crypto';
import { OnClose, OnError, OnMessage, PongMessage, Server, ServerEndpoint, CloseReason, Session } from 'serval';
import type { ServerOptions } from 'serval';
import { clientFrame, LiteralSocket, type ResponseHead } from '@serval/testing';

export type EngineName = 'native' | 'ws';

/** A message as {@link Heard} lists it: `text Hello`, `binary 00ff`. A long binary message has a hash instead of its bytes. */
export function entryOf(message: string | Buffer): string {
  if (typeof message === 'string') return `text ${message}`;
  if (message.length <= 256 * 1024) return `binary ${message.toString('hex')}`;
  return `binary of ${message.length} bytes, SHA-1 ${createHash('sha1').update(message).digest('hex')}`;
}

/** The calls of an endpoint, in order: `text Hello`, `binary 00ff`, `pong 01`, `close 1000 bye`, `error SessionException`. */
export class Heard {
  readonly entries: string[] = [];
  #waiting: (() => void)[] = [];

  add(entry: string): void {
    this.entries.push(entry);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** All entries, once there are so many. */
  async until(count: number): Promise<readonly string[]> {
    while (this.entries.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.entries;
  }

  /** All entries, once `@OnClose` has run. */
  async closed(): Promise<readonly string[]> {
    while (!this.entries.some((entry) => entry.startsWith('close '))) await this.until(this.entries.length + 1);
    return this.entries;
  }
}

/** The instances of the echo endpoint, in the order of their handshakes. */
const instances: Echo[] = [];

@ServerEndpoint('/')
class Echo {
  readonly heard = new Heard();

  constructor() {
    instances.push(this);
  }

  /** Echoes. There are texts with which a test asks for something else. */
  @OnMessage
  text(message: string, session: Session): string | undefined | Promise<string | undefined> {
    this.heard.add(entryOf(message));
    if (message === 'take your time') return new Promise((resolve) => setImmediate(resolve, 'done'));
    if (message === 'Hello in parts') return sendParts(session, ['Hel', '', 'l', 'o']);
    // `close with 4000 and a reason`
    if (!message.startsWith('close with ')) return message;
    void session.close(new CloseReason(Number(message.slice(11, 15)), message.slice(16)));
    return undefined;
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    this.heard.add(entryOf(message));
    return message;
  }

  @OnMessage
  pong(message: PongMessage): void {
    this.heard.add(`pong ${Buffer.from(message.getApplicationData()).toString('hex')}`);
  }

  @OnClose
  close(reason: CloseReason): void {
    this.heard.add(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase() ?? ''}`.trimEnd());
  }

  @OnError
  error(thrown: Error): void {
    this.heard.add(`error ${thrown.name}`);
  }
}

async function sendParts(session: Session, parts: readonly string[]): Promise<undefined> {
  for (const [index, part] of parts.entries())
    await session.getBasicRemote().sendText(part, index === parts.length - 1);
}

/** A connection to the echo endpoint: literal bytes on one side, the endpoint's calls on the other. */
export interface EchoPeer {
  readonly client: LiteralSocket;
  readonly head: ResponseHead;
  readonly heard: Heard;
}

/** Opens a connection to the server of a {@link withEcho} block. */
export type Connect = (headers?: Readonly<Record<string, string>>) => Promise<EchoPeer>;

/** Runs tests against a real server on a real port, which echoes what comes. */
export function withEcho(options: ServerOptions, tests: (connect: Connect, server: () => Server) => void): void {
  let server: Server | undefined;
  const clients: LiteralSocket[] = [];
  const running = (): Server => {
    if (server === undefined) throw new Error('The server runs while tests do.');
    return server;
  };
  beforeAll(async () => {
    server = await new Server({ port: 0, host: '127.0.0.1', endpoints: [Echo], ...options }).start();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });
  afterAll(() => server?.stop({ grace: 0 }));
  const connect: Connect = async (headers = {}) => {
    const client = await LiteralSocket.connect(running().port);
    clients.push(client);
    const head = await client.upgrade('/', headers);
    const instance = instances.at(-1);
    if (head.status !== 101 || instance === undefined)
      throw new Error(`The handshake was answered with ${head.status}.`);
    return { client, head, heard: instance.heard };
  };
  tests(connect, running);
}

/** The same tests over both engines. */
export function overBothEngines(tests: (connect: Connect, engine: EngineName, server: () => Server) => void): void {
  describe.each<EngineName>(['native', 'ws'])('%s engine', (engine) => {
    withEcho({ engine }, (connect, server) => tests(connect, engine, server));
  });
}

/** Byte values and texts, one behind the other. */
export function bytes(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string))),
  );
}

/** The code of the close frame that comes next. It is answered, and must be the last that the server sends. */
export async function closeCode(client: LiteralSocket): Promise<number> {
  const [first = 0, length = 0] = await client.read(2);
  const payload = await client.read(length & 0x7f);
  if (first !== 0x88 || length < 2 || length > 125)
    throw new Error(`Expected a close frame with a code; found ${bytes(first, length, payload).toString('hex')}.`);
  client.send(clientFrame(0x88, payload.subarray(0, 2)));
  const rest = await client.readToEnd();
  if (rest.length > 0) throw new Error(`Expected nothing behind the close frame; found ${rest.toString('hex')}.`);
  return payload.readUInt16BE();
}

/** Lets what is under way between the two ends of a connection in this process arrive. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends in pieces of the given size, each in its own packet. */
export async function sendChopped(client: LiteralSocket, data: Buffer, size: number): Promise<void> {
  for (let at = 0; at < data.length; at += size) {
    client.send(data.subarray(at, at + size));
    await turns(1);
  }
}
