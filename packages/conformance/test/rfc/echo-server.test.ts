import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Server } from 'serval';
import { WebSocket, type ClientOptions } from 'ws';
import { MAX_FRAGMENTS, MAX_MESSAGE_BYTES } from '../../src/limits';
import { startEchoServer } from '../../src/echo-server';
import { someOf } from '../../../testing/test/toolbox';

let server: Server;
beforeAll(async () => {
  server = await startEchoServer(0, '127.0.0.1');
});
afterAll(() => server.stop({ grace: 0 }));

async function connect(options: ClientOptions = {}): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${server.port}/?agent=x`, { maxPayload: 0, ...options });
  await once(webSocket, 'open');
  return webSocket;
}

/** The next message. */
async function next(webSocket: WebSocket): Promise<string | Buffer> {
  const [data, isBinary] = (await once(webSocket, 'message')) as [Buffer, boolean];
  return isBinary ? data : data.toString();
}

const CLIENTS: readonly [string, ClientOptions['perMessageDeflate']][] = [
  ['no compression', false],
  ['permessage-deflate', true],
  ['no context takeover', { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }],
  ['windows of 9 bits', { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 }],
];

describe.each(CLIENTS)('a client of ws with %s', (_title, perMessageDeflate) => {
  let webSocket: WebSocket;
  beforeEach(async () => {
    webSocket = await connect({ perMessageDeflate });
  });
  afterEach(() => webSocket.terminate());

  test('uses the compression that it requested', () => {
    expect(webSocket.extensions.startsWith('permessage-deflate')).toBe(perMessageDeflate !== false);
  });

  test('receives text as text and bytes as bytes, in order', async () => {
    const received: (string | Buffer)[] = [];
    const all = new Promise<void>((resolve) =>
      webSocket.on('message', (data: Buffer, isBinary) => {
        received.push(isBinary ? data : data.toString());
        if (received.length === sent.length) resolve();
      }),
    );
    const sent = Array.from({ length: 300 }, (_, index) => {
      const text = `message ${index} ✓ `.repeat((index * 37) % 400);
      return index % 2 === 0 ? text : Buffer.from(text);
    });
    for (const message of sent) webSocket.send(message);
    await all;
    // As text: matchers are slow on many bytes.
    const told = (messages: (string | Buffer)[]): string[] =>
      messages.map((message) => (typeof message === 'string' ? message : `bytes ${message.toString()}`));
    expect(told(received)).toEqual(told(sent));
  });
});

test.each(someOf(1, CLIENTS))(
  'a client of ws with %s receives 16 MiB of text and of bytes back',
  async (_title, perMessageDeflate) => {
    const webSocket = await connect({ perMessageDeflate });
    const data = Buffer.alloc(MAX_MESSAGE_BYTES, 'The quick brown fox jumps over the lazy dog. ');
    webSocket.send(data, { binary: false });
    expect((await next(webSocket)) === data.toString()).toBe(true);
    webSocket.send(data);
    expect(data.equals((await next(webSocket)) as Buffer)).toBe(true);
    webSocket.terminate();
  },
);

test('accepts 65,536 fragments and an empty final one, as in cases 9.3.1 and 9.4.1, but not one more', async () => {
  const webSocket = await connect({ perMessageDeflate: false });
  for (let index = 0; index < 65_536; index += 1) webSocket.send('ab', { fin: false });
  webSocket.send('', { fin: true });
  expect((await next(webSocket)) === 'ab'.repeat(65_536)).toBe(true);
  for (let index = 0; index <= MAX_FRAGMENTS; index += 1) webSocket.send('', { fin: index === MAX_FRAGMENTS });
  expect((await once(webSocket, 'close'))[0]).toBe(1008);
});

test('accepts 16 MiB but not one byte more', async () => {
  const webSocket = await connect({ perMessageDeflate: false });
  webSocket.on('error', () => undefined).send(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
  expect((await once(webSocket, 'close'))[0]).toBe(1009);
});

test('is open to every origin', async () => {
  const webSocket = await connect({ origin: 'http://elsewhere.example' });
  webSocket.send('hello');
  expect(await next(webSocket)).toBe('hello');
  webSocket.terminate();
});

describe('the command', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Starts it as npm test has compiled it. */
  function start(...args: string[]): { child: ChildProcess; output: Promise<string>; ended: Promise<unknown[]> } {
    const child = spawn(process.execPath, [join(__dirname, '../../dist/src/echo-server.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const ended = once(child, 'close');
    return { child, ended, output: ended.then(() => output) };
  }

  test.each<NodeJS.Signals>(someOf(1, ['SIGINT', 'SIGTERM']))(
    'says where it listens in one line, echoes, and ends on %s',
    async (signal) => {
      const { child, output, ended } = start('0');
      if (child.stdout === null) throw new Error('its output is piped');
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const [url = ''] = /ws:\S+/.exec(line) ?? [];
      const webSocket = new WebSocket(url);
      await once(webSocket, 'open');
      webSocket.send('hello');
      expect(await next(webSocket)).toBe('hello');
      child.kill(signal);
      expect((await once(webSocket, 'close'))[0]).toBe(1001);
      expect(await ended).toEqual([0, null]);
      expect(await output).toMatch(/^Echoing on ws:\/\/127\.0\.0\.1:\d+\/ \(Ctrl-C stops it\)\n$/);
    },
    20_000,
  );

  const EXPECTED = 'expected one port from 0 to 65535, and --host with an address or nothing\n';
  const WRONG: readonly [string[], string][] = [
    [[], `conformance:server: found no arguments; ${EXPECTED}`],
    [['http'], `conformance:server: found "http"; ${EXPECTED}`],
    [['65536'], `conformance:server: found "65536"; ${EXPECTED}`],
    [['1', '2'], `conformance:server: found "1 2"; ${EXPECTED}`],
    [['--port', '1'], `conformance:server: found "--port 1" (Unknown option '--port'); ${EXPECTED}`],
  ];
  test.each(someOf(2, WRONG))(
    'with %j says what it expects, and ends with 2',
    async (args, line) => {
      const { output, ended } = start(...args);
      expect([await ended, await output]).toEqual([[2, null], line]);
    },
    20_000,
  );

  test('reports a taken port and exits with 1', async () => {
    const { output, ended } = start(String(server.port));
    expect((await ended)[0]).toBe(1);
    expect(await output).toMatch(/^conformance:server: listen EADDRINUSE.*\n$/);
  });
});
