import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import {
  CloseReason,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  type HandshakeRequest,
  type HandshakeResponse,
  Session,
} from '@serval/api';
import { Server } from '@serval/server';
import { main } from '../src';
import { FakeTerminal } from './fake-terminal';

let requests: { headers: ReadonlyMap<string, readonly string[]> }[] = [];

class Recorder extends ServerEndpointConfig.Configurator {
  override modifyHandshake(_config: ServerEndpointConfig, request: HandshakeRequest, _response: HandshakeResponse) {
    requests.push({ headers: request.getHeaders() });
  }
}

/** Echoes every text except a few commands. */
@ServerEndpoint({ value: '/echo', configurator: Recorder, subprotocols: ['v2', 'v1'] })
class Echo {
  @OnMessage
  async text(text: string, session: Session): Promise<void> {
    const [, code, phrase] = /^close (\d+) ?(.*)$/.exec(text) ?? [];
    if (code !== undefined) await session.close(new CloseReason(Number(code), phrase));
    else if (text === 'many') for (let i = 0; i < 3; i++) await session.getBasicRemote().sendText(`${i}`);
    else await session.getBasicRemote().sendText(text);
  }
  @OnMessage
  bytes(bytes: Buffer): Buffer {
    return bytes;
  }
}

@ServerEndpoint('/greeting')
class Greeting {
  @OnOpen
  open(session: Session): Promise<void> {
    return session.getBasicRemote().sendText('{"hello":["you"]}');
  }
}

let server: Server;
beforeAll(async () => {
  server = await new Server({
    port: 0,
    host: '127.0.0.1',
    endpoints: [Echo, Greeting],
    binaryBufferSize: 1_000_000,
    perMessageDeflate: true,
    allowedOrigins: ['https://example.com'],
  }).start();
});
afterAll(() => server.stop({ grace: 0 }));
beforeEach(() => (requests = []));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const uri = (path = '/echo'): string => `ws://127.0.0.1:${server.port}${path}`;

/** Runs `serval connect` in a pipe, with the given input. */
async function connect(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Outcome> {
  const terminal = new FakeTerminal(false, env);
  terminal.stdin.end(input);
  const code = await main(['connect', ...args], terminal);
  expect(terminal.signalListeners).toBe(0);
  return { code, out: terminal.out, err: terminal.err };
}

const SOON = ['--wait', '0.2'];

describe('in a pipe', () => {
  test('sends each line as a message and prints each message as a line', async () => {
    expect(await connect([uri(), ...SOON], 'one\r\ntwo\n\nthree')).toEqual({
      code: 0,
      out: 'one\ntwo\n\nthree\n',
      err: '',
    });
  });

  test('accepts a URI without a scheme', async () => {
    expect(await connect([`127.0.0.1:${server.port}/echo`, ...SOON], 'one\n')).toMatchObject({ code: 0, out: 'one\n' });
  });

  test('--execute sends instead of the input', async () => {
    const { code, out } = await connect([uri(), '-x', 'one', '--execute', 'two', ...SOON], 'never\n');
    expect([code, out]).toEqual([0, 'one\ntwo\n']);
  });

  test('keeps waiting after the end of the input as long as messages arrive', async () => {
    expect(await connect([uri(), ...SOON], 'many')).toMatchObject({ code: 0, out: '0\n1\n2\n' });
  });

  test('with --wait forever, stays open until the server closes', async () => {
    expect(await connect([uri(), '--wait', 'forever'], 'close 1000 done')).toEqual({ code: 0, out: '', err: '' });
  });

  test('--binary sends the whole input as one message and prints received bytes unchanged', async () => {
    const input = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const terminal = new FakeTerminal();
    terminal.stdin.end(input);
    const code = await main(['connect', uri(), '--binary', ...SOON], terminal);
    expect([code, Buffer.from(terminal.out, 'latin1').equals(input), terminal.err]).toEqual([0, true, '']);
  });

  test('prints a binary message as base64 without --binary', async () => {
    const terminal = new FakeTerminal();
    const code = await main(['connect', uri(), '--binary', '-x', 'abc', '--events', ...SOON], terminal);
    expect(code).toBe(0);
    expect(terminal.out).toContain('"event":"binary","data":"YWJj"');
  });

  test('--json indents JSON messages and prints others unchanged', async () => {
    const { out } = await connect([uri(), '-j', ...SOON], '{"a":[1]}\n{"a":\n');
    expect(out).toBe('{\n  "a": [\n    1\n  ]\n}\n{"a":\n');
  });

  test('--events prints one line of JSON per event', async () => {
    const { out } = await connect([uri(), '--events', '-s', 'v1', '-c', ...SOON], 'hello\n');
    const events: unknown[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    expect(events).toEqual([
      { time, event: 'open', uri: uri(), subprotocol: 'v1', extensions: ['permessage-deflate'] },
      { time, event: 'text', data: 'hello' },
      { time, event: 'close', code: 1000, reason: '' },
    ]);
  });

  test('--timestamps prints the time of each message', async () => {
    const { out } = await connect([uri(), '-t', ...SOON], 'hello\n');
    expect(out).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z hello\n$/);
  });

  test('prints a message that arrives before anything is sent', async () => {
    expect(await connect([uri('/greeting'), ...SOON])).toMatchObject({ out: '{"hello":["you"]}\n' });
  });

  test('closes with 1009 and exit code 5 when a message exceeds --max-message', async () => {
    const { code, err } = await connect([uri(), '--max-message', '10', ...SOON], 'more than ten bytes\n');
    expect(code).toBe(5);
    expect(err).toBe(
      'a message exceeds --max-message (10 bytes); raise it to receive larger ones\n' +
        'closed 1009 The message has at least 19 bytes; at most 10 are taken.\n',
    );
  });

  test('closes the WebSocket on SIGINT with exit code 130 and on SIGTERM with 143', async () => {
    for (const [signal, expected] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const terminal = new FakeTerminal();
      const running = main(['connect', uri('/greeting')], terminal);
      await terminal.shows('hello');
      terminal.signal(signal);
      expect(await running).toBe(expected);
    }
  });

  test('ends when the reader of its output goes away', async () => {
    const terminal = new FakeTerminal();
    const running = main(['connect', uri(), '--wait', 'forever'], terminal);
    terminal.stdin.write('one\n');
    await terminal.shows('one');
    terminal.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(await running).toBe(0);
  });
});

test('fails when its output cannot be written for another reason than a missing reader', async () => {
  const terminal = new FakeTerminal();
  const running = main(['connect', uri(), '--wait', 'forever'], terminal);
  terminal.stdin.write('one\n');
  await terminal.shows('one');
  terminal.stdout.destroy(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  expect([await running, terminal.err]).toEqual([1, 'serval: ENOSPC: no space left on device, write\n']);
});

describe('the handshake', () => {
  test('sends headers, the origin and subprotocols in order', async () => {
    const args = ['-H', 'Authorization: Bearer a:b', '-H', 'X-Tag: 1', '-H', 'X-Tag: 2', '-s', 'v1', '-s', 'v2'];
    const { code } = await connect([uri(), ...args, '-o', 'https://example.com', ...SOON]);
    expect(code).toBe(0);
    const [request] = requests;
    expect(request?.headers.get('authorization')).toEqual(['Bearer a:b']);
    expect(request?.headers.get('x-tag')).toEqual(['1', '2']);
    expect(request?.headers.get('origin')).toEqual(['https://example.com']);
    expect(request?.headers.get('sec-websocket-protocol')).toEqual(['v1, v2']);
  });

  test('is printed by --verbose without secrets', async () => {
    const { err } = await connect([uri(), '-v', '-H', 'Authorization: Bearer 4711', '-H', 'X-Tag: seen', ...SOON]);
    expect(err).toContain('> X-Tag: seen');
    expect(err).toContain('> Authorization: (not shown)');
    expect(err).toContain('< Sec-WebSocket-Accept: ');
    expect(err).not.toContain('4711');
  });
});

describe('an error prints one line with the remedy and sets an exit code', () => {
  let silent: NetServer;
  beforeAll(async () => {
    silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  const sockets = new Set<Socket>();
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
  const silentPort = (): string => String((silent.address() as { port: number }).port);

  const cases: [args: () => string[], code: number, line: RegExp][] = [
    [() => [], 2, /^serval: connect takes one URI, such as .*; found 0\. See: serval connect --help\n$/],
    [() => ['a', 'b'], 2, /found 2\./],
    [() => ['--frob', 'ws://x'], 2, /^serval: Unknown option '--frob'\. See: serval connect --help\n$/],
    [() => ['http://127.0.0.1/'], 2, /found http:, so use ws: instead/],
    [() => [uri(), '-H', 'nonsense secret'], 2, /^(?!.*secret).*--header takes a name and a value/],
    [() => [uri(), '-H', 'Sec-WebSocket-Protocol: v1'], 2, /use --subprotocol/],
    [() => [uri(), '-w', 'long'], 2, /--wait is a number of seconds/],
    [() => [uri(), '--max-message', '-1'], 2, /--max-message/],
    [() => [uri(), '--cert', 'x.pem'], 2, /--cert and --key go together/],
    [() => [uri(), '--ca', '/no/such.pem'], 2, /--ca cannot be read: ENOENT/],
    [() => [uri(), '--json', '--events'], 2, /exclude each other/],
    [() => [uri(), '--proxy', 'http://x', '--no-proxy'], 2, /exclude each other/],
    [
      () => ['ws://ann:secret@127.0.0.1/', '-u', 'bob:b'],
      2,
      /^(?!.*secret).*--user and the user information of the URI/,
    ],
    [() => ['ws://ann:secret@127.0.0.1:1/'], 3, /^(?!.*secret).*ECONNREFUSED/],
    [() => ['ws+unix:./no/such.sock:/chat'], 3, /ENOENT \.\/no\/such\.sock/],
    [() => [uri(), '--proxy', 'socks5h://ann:secret@127.0.0.1:1'], 3, /^(?!.*secret).*proxy socks5h:.*ECONNREFUSED/],
    [() => [`wss://127.0.0.1:${server.port}/echo`, '--no-proxy'], 3, /; the server does not seem to speak TLS/],
    [() => [uri(), '-u', 'ann'], 2, /write --user name:password or set SERVAL_PASSWORD/],
    [() => ['ws://127.0.0.1:1/'], 3, /ECONNREFUSED.*; check that the server is running/],
    [
      () => [`ws://127.0.0.1:${silentPort()}/`, '--timeout', '0.1'],
      3,
      /; check that it is a WebSocket server, or raise --timeout/,
    ],
    [() => [uri('/nowhere')], 4, /status 404.*; check the path/],
    [() => [uri(), '-o', 'https://elsewhere.example'], 4, /status 403.*; try another --origin/],
  ];
  test.each(cases.map(([args, code, line]) => [line.source, args, code, line] as const))(
    '%s',
    async (_title, args, code, line) => {
      const outcome = await connect(args());
      expect(outcome.err).toMatch(line);
      expect(outcome.err.trimEnd()).not.toContain('\n');
      expect([outcome.code, outcome.out]).toEqual([code, '']);
    },
  );

  test('escapes control characters in a server’s answer on stderr', async () => {
    const hostile = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => {
          const answer = ['HTTP/1.1 101 Yes', 'Connection: Upgrade', 'Upgrade: \x9b2J', '\r\n'].join('\r\n');
          socket.write(Buffer.from(answer, 'latin1'));
        });
    });
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    const { code, err } = await connect([`ws://127.0.0.1:${(hostile.address() as AddressInfo).port}/`]);
    await new Promise((resolve) => hostile.close(resolve));
    expect([code, err]).toEqual([4, expect.stringContaining('found Upgrade: \\u009b2J')]);
  });

  test.each([
    ['close 1000', 0, ''],
    ['close 4001 \u001b[2J', 5, 'closed 4001 \\u001b[2J\n'],
    ['close 1001', 0, ''],
    ['close 4001 no more', 5, 'closed 4001 no more\n'],
    ['close 1008', 5, 'closed 1008\n'],
  ])('after "%s" from the server it is %i', async (text, code, err) => {
    expect(await connect([uri(), '--wait', 'forever'], text)).toEqual({ code, out: '', err });
  });
});

describe('the command', () => {
  test.each([[[]], [['--help']], [['help']]])('prints its help for %j', async (args) => {
    const terminal = new FakeTerminal();
    expect(await main(args, terminal)).toBe(0);
    expect(terminal.out).toContain('serval connect <uri>');
  });

  test.each(['connect', 'serve'])('%s --help lists every option, with examples', async (name) => {
    const terminal = new FakeTerminal();
    expect(await main([name, '--help'], terminal)).toBe(0);
    expect(terminal.out).toContain('Examples\n');
    expect(terminal.out).toContain('Exit codes: ');
    expect(Math.max(...terminal.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    for (const option of name === 'connect'
      ? ['-H, --header <name: value>  ', '    --no-proxy']
      : ['-p, --port <', '    --http2'])
      expect(terminal.out).toContain(`  ${option}`);
  });

  test('prints its version', async () => {
    const terminal = new FakeTerminal();
    expect(await main(['--version'], terminal, '1.2.3')).toBe(0);
    expect(terminal.out).toBe('1.2.3\n');
  });

  test('rejects an unknown command', async () => {
    const terminal = new FakeTerminal();
    expect(await main(['chat'], terminal)).toBe(2);
    expect(terminal.err).toBe('serval: there is no command "chat". See: serval --help\n');
  });
});
