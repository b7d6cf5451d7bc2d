import { createServer, type Server } from 'node:http';
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { main } from '../src';
import { FakeTerminal } from './fake-terminal';

const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;

/** An HTTP server whose connections the test closes at its end. */
class Host {
  readonly #sockets = new Set<Socket>();

  private constructor(readonly http: Server) {
    http.on('connection', (socket) => this.#sockets.add(socket.on('error', () => undefined)));
  }

  static async start(): Promise<Host> {
    const host = new Host(createServer());
    await new Promise<void>((resolve) => host.http.listen(0, '127.0.0.1', resolve));
    return host;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

let host: Host;
let proxy: Host;
let tunnels: string[];
beforeEach(async () => {
  tunnels = [];
  host = await Host.start();
  const sockets = new WebSocketServer({ noServer: true });
  host.http.on('upgrade', (request, socket, head) => {
    if (request.headers.authorization !== basic('ann:secret')) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="prices"\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('ping', () => webSocket.send('pinged'));
      webSocket.send('come in');
    });
  });
  proxy = await Host.start();
  proxy.http.on('connect', (request, socket: Socket, head) => {
    if (request.headers['proxy-authorization'] !== basic('bob:open')) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\n\r\n');
      return;
    }
    tunnels.push(request.url ?? '');
    const target = connectSocket(host.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
});
afterEach(async () => {
  await proxy.stop();
  await host.stop();
});

const uri = (): string => `ws://127.0.0.1:${host.port}/prices`;

async function connect(args: readonly string[], env: Record<string, string> = {}): Promise<unknown> {
  const terminal = new FakeTerminal(false, env);
  terminal.stdin.end();
  const code = await main(['connect', uri(), '--wait', '0.2', ...args], terminal);
  return { code, out: terminal.out, err: terminal.err };
}

test('--user answers a challenge of the server', async () => {
  expect(await connect(['--user', 'ann:secret'])).toEqual({ code: 0, out: 'come in\n', err: '' });
});

test('reads the password from SERVAL_PASSWORD', async () => {
  expect(await connect(['-u', 'ann'], { SERVAL_PASSWORD: 'secret' })).toEqual({ code: 0, out: 'come in\n', err: '' });
});

test.each([
  ['Ctrl-C', '\u0003', 130, 'interrupted'],
  ['Ctrl-D', '\u0004', 130, 'interrupted'],
  ['the end of the input', null, 2, 'no password was given. See: serval connect --help'],
])('the password prompt can be cancelled with %s', async (_key, typed, code, line) => {
  const terminal = new FakeTerminal(true);
  const running = main(['connect', 'ws://127.0.0.1:1/', '-u', 'ann'], terminal);
  await terminal.shows('Password of ann: ');
  terminal.stdin.push(typed);
  expect([await running, terminal.err]).toEqual([code, `Password of ann: \nserval: ${line}\n`]);
});

test('the terminal already hides typed characters when the password prompt appears', async () => {
  const terminal = new FakeTerminal(true);
  const shown: string[] = [];
  // Behaves like a terminal in raw mode.
  const stdin = Object.assign(terminal.stdin, { setRawMode: (isRaw: boolean) => shown.push(isRaw ? 'raw' : 'cooked') });
  terminal.stderr.on('data', (text: string) => shown.push(text.trim()));
  const running = main(['connect', 'ws://127.0.0.1:1/', '-u', 'ann'], terminal);
  await terminal.shows('Password of ann: ');
  stdin.write('s3cret\r');
  await running;
  expect(shown.slice(0, 3)).toEqual(['raw', 'Password of ann:', 'cooked']);
});

test('prompts for the password without showing it', async () => {
  const terminal = new FakeTerminal(true);
  const running = main(['connect', uri(), '-u', 'ann'], terminal);
  await terminal.shows('Password of ann: ');
  terminal.stdin.write('secret\n');
  await terminal.shows('come in');
  terminal.stdin.write('\u0004');
  expect(await running).toBe(0);
  expect(terminal.out + terminal.err).not.toContain('secret');
});

test.each([
  [
    'no credentials',
    [],
    /^serval: .*status 401; expected 101; pass credentials with --user, or a token with --header\n$/,
  ],
  ['wrong credentials', ['-u', 'ann:wrong'], /^serval: .*401.*; check name and password\.\n$/],
])('is refused with %s', async (_what, args, line) => {
  expect(await connect(args)).toEqual({ code: 4, out: '', err: expect.stringMatching(line) as string });
});

test('--proxy connects through a proxy with its credentials', async () => {
  const args = ['-u', 'ann:secret', '--proxy', `http://bob:open@127.0.0.1:${proxy.port}`];
  expect(await connect(args)).toEqual({ code: 0, out: 'come in\n', err: '' });
  expect(new Set(tunnels)).toEqual(new Set([`127.0.0.1:${host.port}`]));
});

test('the message names the proxy if the proxy refuses', async () => {
  expect(await connect(['--proxy', `http://127.0.0.1:${proxy.port}`])).toEqual({
    code: 4,
    out: '',
    err: expect.stringMatching(/^serval: .*407.*; pass credentials for the proxy: --proxy http:/) as string,
  });
});

test('--ping sends pings while nothing arrives', async () => {
  const terminal = new FakeTerminal();
  const running = main(['connect', uri(), '-u', 'ann:secret', '--ping', '0.05', '--wait', 'forever'], terminal);
  await terminal.shows('pinged');
  terminal.signal('SIGTERM');
  expect(await running).toBe(143);
});
