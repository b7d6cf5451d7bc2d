import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { TestClient } from '../test-client';

// `npm test` compiled it.
const SERVER = join(__dirname, '../dist/graceful-shutdown/server.js');

let child: ChildProcessByStdio<null, Readable, Readable> | undefined;
afterEach(() => child?.kill('SIGKILL'));

test('graceful-shutdown finishes its work on SIGTERM, refuses new sessions, and exits with 0', async () => {
  const env = { ...process.env, PORT: '0' };
  const running = (child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  const over = once(running, 'close');
  const lines: string[] = [];
  let wake = (): void => undefined;
  createInterface(running.stdout).on('line', (line) => {
    lines.push(line);
    wake();
  });
  const printed = async (line: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((candidate) => line.test(candidate));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  const port = new URL(/ws:\S+/.exec(await printed(/^Listening/))?.[0] ?? '').port;
  const health = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/health`)).status;
  const url = `ws://127.0.0.1:${port}/reports`;
  expect(await health()).toBe(200);
  const busy = await TestClient.open(url);
  const idle = await TestClient.open(url);
  busy.send('sales');
  await printed(/^writing sales/);

  running.kill('SIGTERM');
  await printed(/^draining/);
  expect(await health()).toBe(503);
  await expect(TestClient.open(url)).rejects.toThrow('503');
  expect(await busy.next()).toBe('report on sales: all is well');
  expect(await busy.closed).toBe('1001 The server is stopping.');
  expect(await idle.closed).toBe('1001 The server is stopping.');
  expect(await over).toEqual([0, null]);
  expect(lines.filter((line) => !/^(Listening|writing)/.test(line))).toEqual([
    'draining: 2 sessions left',
    'closing: 2 sessions left',
    'closed 1001',
    'closed 1001',
    'stopped: 0 sessions left',
  ]);
});
