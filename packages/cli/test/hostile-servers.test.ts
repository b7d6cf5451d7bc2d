import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  ClientEndpoint,
  ClientEndpointConfig,
  CloseReason,
  Endpoint,
  HandshakeException,
  OnClose,
  OnMessage,
  type EndpointConfig,
  type HandshakeResponse,
  type Session,
} from '@serval/api';
import * as client from '@serval/client';
import { main } from '../src';
import { FakeTerminal } from './fake-terminal';
import { silent } from '../../testing/test/toolbox';

// Runs every kind of mistake or malice of a server against every function that connects. The advisories of 2026 were
// about second code paths whose first one was sound.

const { connect, ClientContainer } = client;

/** The outcome: the code of a HandshakeException, or `closed` with the code that `@OnClose` receives. */
type Outcome = string;

const container = (): client.ClientContainer => new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });

/** Records the last calls of an endpoint. */
class Ending {
  #tell: (outcome: Outcome) => void = () => undefined;
  readonly told = new Promise<Outcome>((resolve) => (this.#tell = resolve));
  close(reason: CloseReason): void {
    this.#tell(`closed ${reason.getCloseCode().getCode()}`);
  }
}

let ending = new Ending();

@ClientEndpoint
class Annotated {
  @OnMessage text(_text: string): void {}
  @OnClose close(reason: CloseReason): void {
    ending.close(reason);
  }
}

class Programmatic extends Endpoint {
  override onOpen(session: Session, _config: EndpointConfig): void {
    session.addMessageHandler(String, () => undefined);
  }
  override onClose(_session: Session, reason: CloseReason): void {
    ending.close(reason);
  }
}

const configuration = (): ClientEndpointConfig => ClientEndpointConfig.Builder.create().build();

async function outcomeOf(connecting: Promise<unknown>): Promise<Outcome> {
  try {
    await connecting;
  } catch (error) {
    if (error instanceof HandshakeException) return error.code;
    throw error;
  }
  return ending.told;
}

/** Every way to connect to a server. */
const WAYS: Readonly<Record<string, (uri: string) => Promise<Outcome>>> = {
  'connectToServer of an annotated class': (uri) => outcomeOf(container().connectToServer(Annotated, uri)),
  'connectToServer of an annotated instance': (uri) => outcomeOf(container().connectToServer(new Annotated(), uri)),
  'connectToServer of a programmatic class': (uri) =>
    outcomeOf(container().connectToServer(Programmatic, configuration(), uri)),
  'connectToServer of a programmatic instance': (uri) =>
    outcomeOf(container().connectToServer(new Programmatic(), configuration(), uri)),
  'connect with handlers': (uri) =>
    outcomeOf(
      connect(uri, {
        logger: silent,
        sessionCloseTimeout: 200,
        onText: () => undefined,
        onClose: (reason) => ending.close(reason),
      }),
    ),
  'connect with a loop': (uri) =>
    outcomeOf(
      connect(uri, { logger: silent, sessionCloseTimeout: 200, textBufferSize: 8192 }).then(async (connection) => {
        for await (const message of connection) void message;
        ending.close(await connection.closed);
      }),
    ),
  'connect with an endpoint': (uri) =>
    outcomeOf(connect(uri, { logger: silent, sessionCloseTimeout: 200, endpoint: Annotated })),
  'serval connect': async (uri) => {
    const terminal = new FakeTerminal(false, {});
    terminal.stdin.end();
    const code = await main(['connect', uri, '--events', '--wait', 'forever'], terminal);
    const close = /"event":"close","code":(\d+)/.exec(terminal.out)?.[1];
    if (close !== undefined) return `closed ${close}`;
    // A refusal prints one line with the reason, and sets an exit code.
    expect([3, 4]).toContain(code);
    expect(terminal.err).toMatch(/^serval: [^\n]+\n$/);
    return 'refused';
  },
};

test('covers every function that connects', () => {
  const ways = Object.keys(client).filter((name) => !name.endsWith('_OPTIONS'));
  expect(ways.sort()).toEqual(['ATTEMPT_PROPERTY', 'ClientContainer', 'SOCKJS_TRANSPORT_PROPERTY', 'connect']);
  // `attempt` is what connect calls.
  expect(Object.getOwnPropertyNames(ClientContainer.prototype).sort()).toEqual([
    'attempt',
    'connectToServer',
    'constructor',
    'diagnostics',
    'getInstalledExtensions',
    'handshakeTimeoutMs',
    'isStopped',
    'prepare',
    'selections',
    'settings',
    'stop',
    'toJSON',
  ]);
  const source = readFileSync(join(__dirname, '../../client/src/client-container.ts'), 'utf8');
  // Each accepts a class or an instance.
  expect(source.match(/^ {2}connectToServer\(/gm)).toHaveLength(2);
  const commands = readFileSync(join(__dirname, '../src/main.ts'), 'utf8').match(/(?<=^ {2}\[')\w+(?=', \{ run:)/gm);
  expect(commands).toEqual(['connect', 'serve']);
  expect(Object.keys(WAYS)).toHaveLength(8);
});

// --- the server --------------------------------------------------------------------------------------------------

let server: Server;
let answer: (key: string) => Buffer | string | AsyncIterable<Buffer>;
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let request = '';
    socket.on('data', (chunk) => {
      // The bytes after the request are the client's last ones.
      if (request.endsWith('\r\n\r\n')) return void socket.end();
      request += chunk.toString('latin1');
      if (!request.endsWith('\r\n\r\n')) return;
      const bytes = answer(/^sec-websocket-key: *(.*?) *$/im.exec(request)?.[1] ?? '');
      if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) socket.write(bytes);
      else void flood(socket, bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});
beforeEach(() => (ending = new Ending()));

async function flood(socket: Socket, chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) {
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve).once('close', () => resolve());
      });
    }
  }
}

const uri = (): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;

/** RFC 6455 4.2.2. */
function acceptValue(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The 101 of RFC 6455 4.2.2. null omits a line, a list repeats it, and other names add lines. */
type Changes = Readonly<Record<string, null | string | readonly string[]>>;

function opening(key: string, changes: Changes = {}, status = 'HTTP/1.1 101 Switching Protocols'): string {
  const lines: Changes = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptValue(key),
    ...changes,
  };
  const list = Object.entries(lines).flatMap(([name, values]) =>
    (values === null ? [] : [values].flat()).map((value) => `${name}: ${value.replaceAll('KEY', acceptValue(key))}`),
  );
  return [status, ...list, '\r\n'].join('\r\n');
}

describe.each(Object.entries(WAYS))('%s', (way, open) => {
  const isCommand = way === 'serval connect';
  const refused = (code: string): string => (isCommand ? 'refused' : code);

  test.each<[what: string, changes: Changes]>([
    ['no Upgrade', { Upgrade: null }],
    ['Upgrade twice', { Upgrade: ['websocket', 'websocket'] }],
    ['another Upgrade', { Upgrade: 'h2c' }],
    ['an Upgrade among others', { Upgrade: 'websocket, h2c' }],
    ['an empty Upgrade', { Upgrade: '' }],
    ['no Connection', { Connection: null }],
    ['another Connection', { Connection: 'keep-alive' }],
    ['an empty Connection', { Connection: '' }],
    ['no Sec-WebSocket-Accept', { 'Sec-WebSocket-Accept': null }],
    ['Sec-WebSocket-Accept twice', { 'Sec-WebSocket-Accept': ['KEY', 'KEY'] }],
    ['Sec-WebSocket-Accept twice, one of them right', { 'Sec-WebSocket-Accept': ['AAAA', 'KEY'] }],
    ['the Sec-WebSocket-Accept of another key', { 'Sec-WebSocket-Accept': acceptValue('dGhlIHNhbXBsZSBub25jZQ==') }],
    ['an empty Sec-WebSocket-Accept', { 'Sec-WebSocket-Accept': '' }],
    ['a Sec-WebSocket-Accept with more behind it', { 'Sec-WebSocket-Accept': 'KEY, KEY' }],
    ['a subprotocol that was not requested', { 'Sec-WebSocket-Protocol': 'chat' }],
    ['a subprotocol twice', { 'Sec-WebSocket-Protocol': ['chat', 'chat'] }],
    ['an extension that was not requested', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }],
    ['two extensions that were not requested', { 'Sec-WebSocket-Extensions': ['x', 'y'] }],
    ['extensions that cannot be parsed', { 'Sec-WebSocket-Extensions': 'x; a="b' }],
    ['an extension named like a member of objects', { 'Sec-WebSocket-Extensions': '__proto__; constructor=1' }],
    ['another such extension', { 'Sec-WebSocket-Extensions': 'constructor; __proto__' }],
  ])('rejects a response with %s', async (_what, changes) => {
    answer = (key) => opening(key, changes);
    expect(await open(uri())).toBe(refused('WS_CONNECT_BAD_ANSWER'));
  });

  test.each<[what: string, changes: Changes]>([
    ['Connection twice', { Connection: ['Upgrade', 'keep-alive'] }],
    ['other cases', { Upgrade: 'WebSocket', Connection: 'uPGRADE' }],
    ['a Sec-WebSocket-Version', { 'Sec-WebSocket-Version': '13' }],
    ['empty lists', { 'Sec-WebSocket-Protocol': '', 'Sec-WebSocket-Extensions': ', ,' }],
    [
      'headers named like members of objects',
      { constructor: 'y', toString: 'z', hasOwnProperty: 'a', then: 'b', ['__proto__']: ['c', 'd'] },
    ],
  ])('accepts a response with %s', async (_what, changes) => {
    answer = (key) => Buffer.concat([Buffer.from(opening(key, changes)), Buffer.from([0x88, 2, 0x03, 0xe9])]);
    expect(await open(uri())).toBe('closed 1001');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test.each<[line: string, code: string]>([
    ['HTTP/1.1 200 OK', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 204 No Content', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 304 Not Modified', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 302 Found', 'WS_CONNECT_REDIRECT'],
    ['HTTP/1.1 400 Bad Request', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 401 Unauthorized', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 407 Proxy Authentication Required', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 426 Upgrade Required', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 503 Service Unavailable', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 999 Beyond', 'WS_CONNECT_REFUSED'],
    ['HTTP/1.1 1010 Too Long', 'WS_CONNECT_BAD_ANSWER'],
    ['HTTP/1.1 -101 Minus', 'WS_CONNECT_BAD_ANSWER'],
    ['HTTP/1.1', 'WS_CONNECT_BAD_ANSWER'],
    ['SSH-2.0-OpenSSH_9.2', 'WS_CONNECT_BAD_ANSWER'],
    ['\x16\x03\x01', 'WS_CONNECT_BAD_ANSWER'],
  ])('rejects the status line %j, even with valid headers', async (line, code) => {
    answer = (key) => opening(key, { 'Content-Length': '0' }, line);
    expect(await open(uri())).toBe(refused(code));
  });

  async function* endless(first: string, ...more: readonly string[]): AsyncIterable<Buffer> {
    yield Buffer.from(first);
    // Bounded, so that a fault fails the test instead of filling the memory.
    for (let sent = 0; sent < 4_000_000; sent += 4096) {
      for (const chunk of more) yield Buffer.from(chunk.repeat(Math.ceil(4096 / chunk.length)));
    }
  }

  test.each<[what: string, chunks: () => AsyncIterable<Buffer>]>([
    ['status line', () => endless('HTTP/1.1 101 ', 'a')],
    ['header name', () => endless('HTTP/1.1 101 a\r\n', 'a')],
    ['header value', () => endless('HTTP/1.1 101 a\r\na: ', 'a')],
    ['list of headers', () => endless('HTTP/1.1 101 a\r\n', 'a: b\r\n')],
    ['list of headers without values', () => endless('HTTP/1.1 101 a\r\n', 'a:\r\n')],
    ['list of 103 answers', () => endless('', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n')],
    ['list of 100 answers', () => endless('', 'HTTP/1.1 100 Continue\r\n\r\n')],
  ])('stops reading an endless %s', async (_what, chunks) => {
    answer = chunks;
    expect(await open(uri())).toBe(refused('WS_CONNECT_BAD_ANSWER'));
  });

  const HELLO = Buffer.from('hello');
  const length64 = (first: number, ...length: readonly number[]): number[] => [first, 127, ...length];

  test.each<[what: string, code: number, frames: readonly number[] | Buffer]>([
    ['a length with its highest bit set', 1002, length64(0x82, 0x80, 0, 0, 0, 0, 0, 0, 1)],
    ['a length of all ones', 1002, length64(0x82, ...Array.from({ length: 8 }, () => 0xff))],
    ['the longest length', 1009, length64(0x82, 0x7f, ...Array.from({ length: 7 }, () => 0xff))],
    ['a length beyond 2^53', 1009, length64(0x81, 0, 0x20, 0, 0, 0, 0, 0, 1)],
    ['a length beyond 2^32', 1009, length64(0x81, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['a message over every limit', 1009, length64(0x81, 0, 0, 0, 0, 0x02, 0, 0, 0)],
    // Like most peers, ours accepts lengths that are not in their shortest form.
    [
      '5 as a length of 64 bits, then 1001',
      1001,
      [...length64(0x81, 0, 0, 0, 0, 0, 0, 0, 5), ...HELLO, 0x88, 2, 3, 0xe9],
    ],
    ['5 as a length of 16 bits, then 1001', 1001, [0x81, 126, 0, 5, ...HELLO, 0x88, 2, 3, 0xe9]],
    ['RSV1', 1002, [0xc1, 1, 97]],
    ['RSV2', 1002, [0xa1, 1, 97]],
    ['RSV3', 1002, [0x91, 1, 97]],
    ['RSV1 of a ping', 1002, [0xc9, 0]],
    ['a reserved opcode', 1002, [0x83, 0]],
    ['a reserved control opcode', 1002, [0x8b, 0]],
    ['a masked frame', 1002, [0x81, 0x81, 0, 0, 0, 0, 97]],
    ['a continuation of nothing', 1002, [0x80, 0]],
    ['a text inside a text', 1002, [0x01, 1, 97, 0x81, 1, 97]],
    ['half a ping', 1002, [0x09, 0]],
    ['a ping of 126 bytes', 1002, [0x89, 126, 0, 126]],
    ['a close of one byte', 1002, [0x88, 1, 3]],
    ['the close code 1005', 1002, [0x88, 2, 0x03, 0xed]],
    ['the close code 1006', 1002, [0x88, 2, 0x03, 0xee]],
    ['the close code 1015', 1002, [0x88, 2, 0x03, 0xf7]],
    ['the close code 0', 1002, [0x88, 2, 0, 0]],
    ['the close code 5000', 1002, [0x88, 2, 0x13, 0x88]],
    ['a close phrase that is not UTF-8', 1007, [0x88, 3, 0x03, 0xe8, 0xff]],
    ['a text that is not UTF-8', 1007, [0x81, 1, 0xff]],
    ['empty fragments without end', 1008, Buffer.concat([Buffer.from([0x01, 0]), Buffer.alloc(2 * 20_000)])],
  ])('%s ends the session with %i', async (_what, code, frames) => {
    answer = (key) => Buffer.concat([Buffer.from(opening(key)), Buffer.from(frames)]);
    expect(await open(uri())).toBe(`closed ${code}`);
  });
});

test('afterResponse receives headers named like members of objects', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  let seen: unknown;
  const configurator = Object.assign(new ClientEndpointConfig.Configurator(), {
    afterResponse(response: HandshakeResponse) {
      seen = names.map((name) => response.getHeaders().get(name));
    },
  });
  const config = ClientEndpointConfig.Builder.create().configurator(configurator).build();
  answer = (key) => opening(key).replace('\r\n', `\r\n${names.map((name) => `${name}: of the server\r\n`).join('')}`);
  const session = await container().connectToServer(Programmatic, config, uri());
  expect(seen).toEqual(names.map(() => ['of the server']));
  await session.close();
});
