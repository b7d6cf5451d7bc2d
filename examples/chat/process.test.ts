import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { TestClient } from '../test-client';

// The program behind `npm start`; `npm test` compiled it.
const SERVER = join(__dirname, '../dist/chat/server.js');

type Child = ChildProcessByStdio<null, Readable, Readable>;
let child: Child | undefined;

afterEach(() => child?.kill('SIGKILL'));

function run(PORT: string): Child {
  const env = { ...process.env, PORT };
  return (child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Its standard error, and its exit code. */
async function outcome(running: Child): Promise<{ code: number | null; errors: string }> {
  let errors = '';
  running.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const [code] = (await once(running, 'close')) as [number | null];
  return { code, errors };
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'chat prints its URL, and ends with 1001 for every session and exit code 0 on %s',
  async (signal) => {
    const running = run('0');
    const over = outcome(running);
    const [line] = (await once(createInterface(running.stdout), 'line')) as [string];
    const [, url = ''] = /(http:\/\/localhost:\d+\/)/.exec(line) ?? [];
    const page = await fetch(url.replace('localhost', '127.0.0.1'));
    expect(await page.text()).toContain('<title>Serval chat</title>');

    const endpoint = url.replace('http://localhost', 'ws://127.0.0.1');
    const clients = [
      await TestClient.open(`${endpoint}chat/lobby?name=Ada`),
      await TestClient.open(`${endpoint}chat/kitchen?name=Grace`),
    ];
    // Twice, as under npm: once from the terminal, once from npm.
    running.kill(signal);
    running.kill(signal);
    for (const client of clients) expect(await client.closed).toMatch(/^1001/);
    expect(await over).toEqual({ code: 0, errors: '' });
  },
);

test('chat reports that its port is taken, and exits with 1', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, errors } = await outcome(run(String(port)));
  other.close();
  expect(code).toBe(1);
  expect(errors).toBe(`Port ${port} is taken by another program. Choose another one, such as PORT=${port + 1}.\n`);
});

test.each(['chat', '-1', '65536', '80.5', '0x50'])('chat rejects the port %s', async (port) => {
  const { code, errors } = await outcome(run(port));
  expect(code).toBe(1);
  expect(errors).toBe(`PORT is a whole number from 0 to 65535; found "${port}".\n`);
});
