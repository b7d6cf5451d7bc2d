import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { main } from '../src';
import { FakeTerminal } from './fake-terminal';

let peer: WebSocketServer;
/** The messages that the server received. */
let received: string[];
/** Settles when a connection of the server ends. */
let ended: Promise<void>;
beforeEach(async () => {
  const heard: string[] = (received = []);
  peer = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let end: () => void;
  ended = new Promise((resolve) => (end = resolve));
  peer.on('connection', (socket) => {
    socket.on('message', (data: Buffer, isBinary) => {
      heard.push(isBinary ? data.toString('hex') : data.toString());
      socket.send(data, { binary: isBinary });
    });
    socket.on('close', (code, reason) => {
      heard.push(`closed ${code} ${String(reason)}`.trim());
      end();
    });
  });
  await once(peer, 'listening');
});
afterEach(async () => {
  for (const socket of peer.clients) socket.terminate();
  await new Promise((resolve) => peer.close(resolve));
});

/** A person at a terminal. */
async function sit(...args: string[]): Promise<{ terminal: FakeTerminal; running: Promise<number> }> {
  const terminal = new FakeTerminal(true, { NO_COLOR: '1' });
  const { port } = peer.address() as AddressInfo;
  const running = main(['connect', `ws://127.0.0.1:${port}/`, ...args], terminal);
  await terminal.shows('connected to');
  return { terminal, running };
}

test('sends lines as messages, and closes with 1000 on Ctrl-D', async () => {
  const { terminal, running } = await sit();
  terminal.stdin.write('hello\n');
  await terminal.shows('< hello\n');
  terminal.stdin.write('\u0004');
  expect(await running).toBe(0);
  expect(terminal.err).toContain('closed 1000\n');
  await ended;
  expect(received).toEqual(['hello', 'closed 1000']);
});

test('a message that arrives while a line is being typed does not change the line', async () => {
  const { terminal, running } = await sit();
  terminal.stdin.write('half');
  await terminal.shows('> half');
  for (const socket of peer.clients) socket.send('news');
  await terminal.shows(/news\n[^]*> half/);
  terminal.stdin.write(' done\n');
  await terminal.shows('< half done\n');
  terminal.stdin.write('/close\n');
  expect(await running).toBe(0);
});

test('commands send pings, send bytes and close', async () => {
  const file = join(tmpdir(), `serval-cli-${process.pid}.bin`);
  await writeFile(file, Buffer.from([0xca, 0xfe]));
  const { terminal, running } = await sit();
  terminal.stdin.write('/ping are you there\n');
  await terminal.shows(/pong are you there after \d+\.\d ms\n/);
  terminal.stdin.write('/binary 01 fF\n');
  await terminal.shows('< 2 bytes: 01 ff\n');
  terminal.stdin.write(`/binary @${file}\n`);
  await terminal.shows('< 2 bytes: ca fe\n');
  await rm(file);
  terminal.stdin.write('//close\n');
  await terminal.shows('< /close\n');
  terminal.stdin.write('/close 4000 good night\n');
  expect(await running).toBe(5);
  await ended;
  expect(received).toEqual(['01ff', 'cafe', '/close', 'closed 4000 good night']);
});

test('explains a wrong command and continues', async () => {
  const { terminal, running } = await sit();
  for (const [line, answer] of [
    ['/frob', 'there is no command /frob'],
    ['/binary 0', '/binary takes bytes as hexadecimal digits'],
    ['/binary @/no/such', 'ENOENT'],
    ['/close tomorrow', '/close takes a code and a reason'],
    ['/close 999', '999'],
    ['/help', '/ping [text]'],
  ] as const) {
    terminal.stdin.write(`${line}\n`);
    await terminal.shows(answer);
  }
  terminal.stdin.write('still here\n');
  await terminal.shows('< still here\n');
  terminal.stdin.write('\u0003');
  expect(await running).toBe(0);
});

test('escapes control characters in messages', async () => {
  const { terminal, running } = await sit();
  for (const socket of peer.clients) socket.send('\u001b[2Jred\u009b31m\u202e');
  await terminal.shows('< \\u001b[2Jred\\u009b31m\\u202e\n');
  for (const socket of peer.clients) socket.close(4001, '\u001b[2J\nserval: fine');
  expect(await running).toBe(5);
  expect(terminal.err).toContain('closed 4001 \\u001b[2J serval: fine\n');
});

test('escapes control characters with --events too, and the lines stay valid JSON', async () => {
  const terminal = new FakeTerminal(true, { NO_COLOR: '1' });
  const { port } = peer.address() as AddressInfo;
  const running = main(['connect', `ws://127.0.0.1:${port}/`, '--events'], terminal);
  await terminal.shows('"event":"open"');
  for (const socket of peer.clients) socket.send('\u001b[2Jred\u009b31m\u202e');
  await terminal.shows('"data":"\\u001b[2Jred\\u009b31m\\u202e"}\n');
  for (const socket of peer.clients) socket.close(1000);
  expect(await running).toBe(0);
});

test('marks the direction with colours in a terminal', async () => {
  const terminal = new FakeTerminal(true);
  const { port } = peer.address() as AddressInfo;
  const running = main(['connect', `ws://127.0.0.1:${port}/`], terminal);
  await terminal.shows('connected to');
  terminal.stdin.write('hello\n');
  await terminal.shows('\u001b[32m<\u001b[39m hello\n');
  terminal.stdin.write('\u0004');
  expect(await running).toBe(0);
});

test('removes the prompt when the server closes', async () => {
  const { terminal, running } = await sit();
  for (const socket of peer.clients) socket.close(1001, 'restart');
  expect(await running).toBe(0);
  expect(terminal.err).toContain('closed 1001 restart\n');
});

test('with --reconnect, reconnects after a loss and sends the lines typed in the meantime', async () => {
  const { terminal, running } = await sit('--reconnect');
  for (const socket of peer.clients) socket.close(1012, 'restart');
  await terminal.shows(/closed 1012 restart\n[^]*trying again in \d\.\d s\n/);
  terminal.stdin.write('are you back\n');
  await terminal.shows('< are you back\n');
  expect(terminal.err.match(/connected to/g)).toHaveLength(2);
  terminal.stdin.write('/close\n');
  expect(await running).toBe(0);
});

test('with --reconnect, a final close code still ends the command', async () => {
  const { terminal, running } = await sit('-r');
  for (const socket of peer.clients) socket.close(1008, 'go away');
  expect(await running).toBe(5);
  expect(terminal.err).not.toContain('trying again');
});
