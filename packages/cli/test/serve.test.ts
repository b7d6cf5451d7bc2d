import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import { cannotLoad } from '@serval/api/spi';
import { main } from '../src';
import { explain } from '../src/explain';
import { FakeTerminal } from './fake-terminal';

// Endpoint classes in the standard dialect, as compiled output, so that the test needs no loader.
const ECHO = `
const { OnMessage, ServerEndpoint } = require(${JSON.stringify(join(__dirname, '../../api/src'))});
class Echo {
  text(text) { return text; }
}
Reflect.defineMetadata('design:paramtypes', [String], Echo.prototype, 'text');
OnMessage(Echo.prototype, 'text', Object.getOwnPropertyDescriptor(Echo.prototype, 'text'));
ServerEndpoint('/echo/{room}')(Echo);
exports.Echo = Echo;
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serval-cli-'));
  await writeFile(join(folder, 'echo.js'), ECHO);
  await writeFile(join(folder, 'nothing.js'), 'exports.answer = 42;');
  await writeFile(join(folder, 'broken.js'), 'throw new Error("out of order");');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `serval serve` until it prints the port. */
async function serve(...args: string[]): Promise<{ terminal: FakeTerminal; running: Promise<number>; port: number }> {
  const terminal = new FakeTerminal();
  const running = main(['serve', join(folder, 'echo.js'), '--port', '0', '--host', '127.0.0.1', ...args], terminal);
  await Promise.race([terminal.shows('Listening on'), running]);
  return { terminal, running, port: Number(/:(\d+)/.exec(terminal.out)?.[1]) };
}

async function answerTo(text: string, url: string, options = {}): Promise<string> {
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  socket.send(text);
  const [data] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  return data.toString();
}

test('serves the endpoints of the modules, prints their paths, and stops on a signal', async () => {
  const { terminal, running, port } = await serve();
  expect(terminal.out).toBe(`Echo at /echo/{room}\nListening on ws://127.0.0.1:${port} (Ctrl-C stops it)\n`);
  expect(await answerTo('hello', `ws://127.0.0.1:${port}/echo/red`)).toBe('hello');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo/red`);
  await once(socket, 'open');
  const closed = once(socket, 'close');
  // npm forwards the signal that the terminal has already sent.
  terminal.signal('SIGTERM');
  terminal.signal('SIGTERM');
  expect((await closed)[0]).toBe(1001);
  expect(await running).toBe(0);
  expect([terminal.err, terminal.signalListeners]).toEqual(['', 0]);
});

test('accepts a context path, an origin, and settings under their own names and Tomcat’s', async () => {
  const args = ['--context-path', '/app', '-o', 'https://example.com', '--set', 'textBufferSize=5'];
  const { terminal, running, port } = await serve(...args, '--set', 'org.apache.tomcat.websocket.binaryBufferSize=7');
  expect(terminal.out).toContain('Echo at /app/echo/{room}\n');
  const url = `ws://127.0.0.1:${port}/app/echo/red`;
  expect(await answerTo('12345', url, { origin: 'https://example.com' })).toBe('12345');
  await expect(answerTo('1', url, { origin: 'https://elsewhere.example' })).rejects.toThrow('403');
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('123456');
  expect((await once(socket, 'close'))[0]).toBe(1009);
  terminal.signal('SIGINT');
  expect(await running).toBe(0);
  expect(terminal.err).toBe('');
});

test('listens on a Unix domain socket', async () => {
  const path = join(folder, 'echo.sock');
  const terminal = new FakeTerminal();
  const running = main(['serve', join(folder, 'echo.js'), '--port', path], terminal);
  await Promise.race([terminal.shows('Listening on'), running]);
  expect(terminal.out).toContain(`Listening on ws+unix:${path}:/ (Ctrl-C stops it)\n`);
  expect(await answerTo('hello', `ws+unix:${path}:/echo/red`)).toBe('hello');
  terminal.signal('SIGINT');
  expect(await running).toBe(0);
});

test.each([
  ['loopback', 101],
  ['1', 101],
  ['10.0.0.0/8', 403],
])('compares the Origin with the host that a proxy of --trust-proxy %s forwards', async (proxies, status) => {
  const { terminal, running, port } = await serve('--trust-proxy', proxies);
  const answer = answerTo('hello', `ws://127.0.0.1:${port}/echo/red`, {
    origin: 'https://chat.example',
    headers: { 'X-Forwarded-Host': 'chat.example', 'X-Forwarded-Proto': 'https' },
  });
  if (status === 101) expect(await answer).toBe('hello');
  else await expect(answer).rejects.toThrow(String(status));
  terminal.signal('SIGINT');
  expect(await running).toBe(0);
});

test('a package that is not installed is one line with the install command', () => {
  const cause = Object.assign(new Error("Cannot find module 'tinyglobby'\nRequire stack:\n- a.js"), {
    code: 'MODULE_NOT_FOUND',
  });
  expect(explain(cannotLoad('tinyglobby', 'scan', cause), 'serve')).toEqual({
    line: 'serve needs tinyglobby, which is not installed. Run "npm install tinyglobby".',
    code: 3,
  });
});

describe('an error prints one line and sets an exit code', () => {
  const file = (name: string): string => join(folder, name);
  const cases: [title: string, args: () => string[], code: number, line: RegExp][] = [
    ['without a pattern', () => [], 2, /serve takes patterns of modules/],
    ['an unknown option', () => ['--frob', 'x'], 2, /Unknown option '--frob'\. See: serval serve --help/],
    ['a wrong port', () => [file('echo.js'), '-p', 'http'], 2, /--port is a whole number/],
    ['a wrong proxy', () => [file('echo.js'), '--trust-proxy', 'nginx'], 3, /trustProxy .*found 'nginx'/],
    ['a path beside a host', () => [file('echo.js'), '-p', './a.sock', '--host', '::1'], 3, /host is for a port/],
    ['a certificate without its key', () => [file('echo.js'), '--cert', 'x'], 2, /--cert and --key go together/],
    ['a setting without a value', () => [file('echo.js'), '--set', 'textBufferSize'], 2, /--set takes name=value/],
    ['modules without an endpoint', () => [file('nothing.js')], 2, /no matching module exports/],
    ['a pattern that matches nothing', () => [file('none*.js')], 3, /none\*\.js/],
    ['a module that does not load', () => [file('broken.js')], 3, /broken\.js.*out of order/],
    ['a setting out of range', () => [file('echo.js'), '--set', 'textBufferSize=much'], 3, /textBufferSize/],
    ['an unknown profile', () => [file('echo.js'), '--compatibility', 'tomcat-4'], 3, /tomcat-4/],
  ];
  test.each(cases)('%s', async (_title, args, code, line) => {
    const terminal = new FakeTerminal(false, { PORT: '0' });
    expect(await main(['serve', ...args()], terminal)).toBe(code);
    expect(terminal.err).toMatch(line);
    expect(terminal.err.trimEnd()).not.toContain('\n');
  });

  test('a port that another program uses', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const terminal = new FakeTerminal();
    const code = await main(['serve', file('echo.js'), '-p', String(port), '--host', '127.0.0.1'], terminal);
    expect(code).toBe(3);
    expect(terminal.err).toMatch(/^serval: listen EADDRINUSE.*choose another one with --port\n$/);
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('the program itself', () => {
  const BIN = join(__dirname, '../../serval/dist/bin.js');
  const children: ChildProcessByStdio<null, Readable, Readable>[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function run(...args: string[]): { child: ChildProcessByStdio<null, Readable, Readable>; ended: Promise<unknown> } {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    return { child, ended: once(child, 'close').then(([code]: unknown[]) => ({ code, out, err })) };
  }

  test('serves, connects and stops, each with its exit code', async () => {
    const endpoints = join(__dirname, '../../../examples/dist/echo/server.js');
    const server = run('serve', endpoints, '--port', '0', '--host', '127.0.0.1');
    let text = '';
    while (!text.includes('Listening')) text += String((await once(server.child.stdout, 'data'))[0]);
    const uri = `${/ws:\S+/.exec(text)?.[0]}/echo`;
    const client = run('connect', uri, '-x', 'hello', '--wait', '0.2');
    expect(await client.ended).toEqual({ code: 0, out: 'hello\n', err: '' });
    expect(await run('connect', `${uri}/nowhere`).ended).toMatchObject({ code: 4, out: '' });
    server.child.kill('SIGINT');
    expect(await server.ended).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^\[serval\] The handshake for \/echo\/nowhere was refused with 404: [^\n]*\n$/),
    });
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('hides its arguments from other users of the machine', async () => {
    // This server never answers.
    const silent = createServer();
    const asked = once(silent, 'connection');
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const { child, ended } = run('connect', `ws://127.0.0.1:${port}/`, '-u', 'ann:s3cret', '-H', 'X-Token: s3cret');
    const [socket] = (await asked) as [Socket];
    const shown = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
    child.kill('SIGKILL');
    await ended;
    socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    expect(shown.replace(/\0+$/, '')).toBe('serval connect');
  });
});
