import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import { HANDSHAKE_TIMEOUT_MS, MAX_MESSAGE_BYTES } from '../../src/limits';
import { CASE_OPTIONS, runCases, type Summary } from '../../src/echo-client';
import { someOf } from '../../../testing/test/toolbox';

/** A case's use of the client. Resolves when it sees what it expects, rejects when it sees something else. */
type Case = (client: WebSocket) => Promise<void>;

/** A case whose opening handshake is answered with 403. */
const REFUSED: Case = () => Promise.reject(new Error('was opened'));

/** A case whose opening handshake is never answered. */
const SILENT: Case = () => Promise.reject(new Error('was opened'));

/** A fuzzing server in small: the three paths of the suite, and cases that a test gives. */
class FuzzingServer {
  readonly paths: string[] = [];
  /** By number: what went wrong, or nothing. */
  readonly outcomes: (Error | undefined)[] = [];

  private constructor(
    private readonly server: WebSocketServer,
    private readonly cases: readonly Case[],
    private readonly count: string | Buffer | undefined,
  ) {
    server.on('connection', (client, request) => {
      this.paths.push(request.url ?? '');
      client.on('error', () => undefined);
      void this.#serve(client, new URL(request.url ?? '', 'ws://x'));
    });
  }

  /** @param count what it tells as the number of cases; by default that */
  static async start(
    cases: readonly Case[],
    count: string | Buffer | null = `${cases.length}`,
  ): Promise<FuzzingServer> {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0 },
      maxPayload: 0,
      verifyClient: ({ req }, answer) => {
        const number = Number(new URL(req.url ?? '', 'ws://x').searchParams.get('case'));
        // Nothing is said until the client has gone.
        if (cases[number - 1] === SILENT) req.socket.once('end', () => req.socket.destroy()).resume();
        else answer(cases[number - 1] !== REFUSED, 403);
      },
    });
    await once(server, 'listening');
    return new FuzzingServer(server, cases, count ?? undefined);
  }

  get url(): URL {
    // It listens on a port.
    return new URL(`ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  async #serve(client: WebSocket, { pathname, searchParams }: URL): Promise<void> {
    if (pathname === '/getCaseCount' && this.count !== undefined) client.send(this.count);
    if (pathname === '/runCase') {
      const number = Number(searchParams.get('case'));
      const run = this.cases[number - 1] ?? (() => Promise.reject(new Error('there is no such case')));
      this.outcomes[number - 1] = await run(client).then(
        () => undefined,
        (error: Error) => error,
      );
    }
    if (client.readyState === client.OPEN) client.close(1000);
  }
}

/** Sends a message and wants it back. */
const echoes =
  (message: string | Buffer, options: { readonly fragments?: number; readonly compress?: boolean } = {}): Case =>
  async (client) => {
    const { fragments = 1, compress = true } = options;
    const data = Buffer.from(message as string);
    const binary = typeof message !== 'string';
    // If they do not divide it evenly, the last ones are short or empty.
    const size = Math.ceil(data.length / fragments);
    const answered = once(client, 'message');
    for (let index = 0; index < fragments; index += 1) {
      const part = data.subarray(index * size, (index + 1) * size);
      client.send(part, { binary, compress, fin: index === fragments - 1 });
    }
    const [echo, isBinary] = (await answered) as [Buffer, boolean];
    if (isBinary !== binary || !echo.equals(data)) throw new Error(`found ${isBinary} ${echo.toString('hex', 0, 100)}`);
  };

/** Sends literal bytes and wants a close frame with this code. */
const failsWith =
  (code: number, bytes: readonly number[]): Case =>
  async (client) => {
    const closed = once(client, 'close');
    // ws has no public way to write bytes that break the protocol.
    (client as unknown as { readonly _socket: { write(data: Buffer): void } })._socket.write(Buffer.from(bytes));
    const [found] = (await closed) as [number];
    if (found !== code) throw new Error(`closed with ${found}`);
  };

const pongs: Case = async (client) => {
  const answered = once(client, 'pong');
  client.ping('are you there');
  const [data] = (await answered) as [Buffer];
  if (data.toString() !== 'are you there') throw new Error(`found ${data.toString('hex')}`);
};

let server: FuzzingServer;
afterEach(() => server.stop());

test('runs every case of a fuzzing server, one after the other, and then makes it write the report', async () => {
  const large = Buffer.alloc(MAX_MESSAGE_BYTES, 'sixteen mebibytes, ');
  const cases: readonly Case[] = [
    echoes(''),
    echoes('κόσμε ✓ 𝄞'),
    echoes(Buffer.from([0, 255, 254])),
    echoes('x'.repeat(65_536)),
    echoes('in many fragments '.repeat(100), { fragments: 90 }),
    echoes('a'.repeat(65_536), { fragments: 65_537, compress: false }),
    ...someOf(1, [echoes(large.toString(), { compress: false }), echoes(large)]),
    pongs,
    failsWith(1002, [0x83, 0x00]),
    failsWith(1007, [0x81, 0x01, 0xff]),
    failsWith(1002, [0x89, 0x7e, 0x00, 0x7e]),
    failsWith(1000, [0x88, 0x02, 0x03, 0xe8]),
    async (client) => {
      for (let count = 0; count < 500; count += 1) await echoes(`message ${count}`)(client);
    },
    async (client) => {
      // All at once, more than the client may keep for a socket that is full.
      const data = Buffer.alloc(500_000, 'a burst of messages, ');
      let left = 40;
      const all = new Promise<void>((resolve) => client.on('message', () => --left === 0 && resolve()));
      for (let count = 0; count < 40; count += 1) client.send(data, { compress: false });
      await all;
    },
  ];
  server = await FuzzingServer.start(cases);
  const begun: string[] = [];
  const summary = await runCases(server.url, 'Serval & friends', (number, count) => begun.push(`${number}/${count}`));
  expect(server.outcomes).toEqual(cases.map(() => undefined));
  const agent = 'agent=Serval%20%26%20friends';
  expect(server.paths).toEqual([
    '/getCaseCount',
    ...cases.map((_, index) => `/runCase?case=${index + 1}&${agent}`),
    `/updateReports?${agent}`,
  ]);
  expect(begun).toEqual(cases.map((_, index) => `${index + 1}/${cases.length}`));
  expect(summary).toEqual<Summary>({
    cases: cases.length,
    closes: new Map([
      [1000, cases.length - 3],
      [1002, 2],
      [1007, 1],
    ]),
    refused: new Map(),
  });
});

test('continues when the server drops a connection', async () => {
  server = await FuzzingServer.start([async (client) => client.terminate(), echoes('still here')]);
  expect((await runCases(server.url, 'Serval')).closes).toEqual(
    new Map([
      [1006, 1],
      [1000, 1],
    ]),
  );
  expect(server.outcomes).toEqual([undefined, undefined]);
});

test('continues when the server refuses an opening handshake, and reports why', async () => {
  server = await FuzzingServer.start([REFUSED, echoes('still here')]);
  const { closes, refused } = await runCases(server.url, 'Serval');
  expect(closes).toEqual(new Map([[1000, 1]]));
  expect(refused).toEqual(new Map([[1, expect.stringMatching(/403/)]]));
  expect(server.outcomes).toEqual([undefined, undefined]);
});

test('waits for a server that takes minutes to prepare a case', () => {
  // The 5 s of a container's default ended a whole run without a report.
  expect(HANDSHAKE_TIMEOUT_MS).toBeGreaterThanOrEqual(300_000);
  expect(CASE_OPTIONS).toMatchObject({ ioTimeout: HANDSHAKE_TIMEOUT_MS, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
});

test('continues, and makes the server write the report, when one case is not answered in time', async () => {
  server = await FuzzingServer.start([SILENT, echoes('still here')]);
  const summary = await runCases(server.url, 'Serval', undefined, { ...CASE_OPTIONS, ioTimeout: 100 });
  expect(summary.closes).toEqual(new Map([[1000, 1]]));
  expect(summary.refused).toEqual(new Map([[1, expect.stringMatching(/ioTimeout/)]]));
  expect(server.outcomes).toEqual([undefined, undefined]);
  expect(server.paths.at(-1)).toBe('/updateReports?agent=Serval');
});

test.each<[string, string | Buffer | null, RegExp]>([
  ['a text that is no number', 'many', /^\/getCaseCount: expected a text with a number; found "many"$/],
  ['bytes', Buffer.from('5'), /found none$/],
  ['nothing', null, /found none$/],
])('rejects a server that sends %s as the number of cases', async (_title, count, message) => {
  server = await FuzzingServer.start([], count);
  await expect(runCases(server.url, 'Serval')).rejects.toThrow(message);
  expect(server.paths).toEqual(['/getCaseCount']);
});

describe('the command', () => {
  /** Runs it as npm test has compiled it. */
  async function run(...args: string[]): Promise<{ code: unknown; output: string }> {
    const child = spawn(process.execPath, [join(__dirname, '../../dist/src/echo-client.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const [code] = (await once(child, 'close')) as unknown[];
    return { code, output };
  }

  test('prints in one line how the cases ended', async () => {
    server = await FuzzingServer.start([echoes('a'), echoes('b'), failsWith(1002, [0x83, 0x00])]);
    const { code, output } = await run(server.url.href, '--agent', 'me');
    expect(output).toMatch(/^3 cases: 2 closed with 1000, 1 closed with 1002 in \d+\.\d s\n$/);
    expect(code).toBe(0);
    expect(server.paths.at(-1)).toBe('/updateReports?agent=me');
  });

  test('exits with 1 when the server cannot be reached', async () => {
    server = await FuzzingServer.start([]);
    const { url } = server;
    await server.stop();
    const { code, output } = await run(url.href);
    expect(output).toMatch(/^conformance:client: 127\.0\.0\.1:\d+: ws:.* connect ECONNREFUSED 127\.0\.0\.1:\d+\.\n$/);
    expect(code).toBe(1);
    server = await FuzzingServer.start([]);
  });

  const EXPECTED = 'expected one URL such as ws://127.0.0.1:9001, and --agent with a name or nothing\n';
  const WRONG: readonly [string[], string][] = [
    [[], `conformance:client: found no arguments; ${EXPECTED}`],
    [['127.0.0.1:9001'], `conformance:client: found "127.0.0.1:9001"; ${EXPECTED}`],
    [['http://127.0.0.1'], `conformance:client: found "http://127.0.0.1"; ${EXPECTED}`],
    [['ws://a', 'ws://b'], `conformance:client: found "ws://a ws://b"; ${EXPECTED}`],
    [['--name', 'x'], `conformance:client: found "--name x" (Unknown option '--name'); ${EXPECTED}`],
  ];
  test.each(someOf(2, WRONG))(
    'with %j says what it expects, and ends with 2',
    async (args, line) => {
      server = await FuzzingServer.start([]);
      expect(await run(...args)).toEqual({ code: 2, output: line });
    },
    20_000,
  );
});
