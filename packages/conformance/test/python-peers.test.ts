import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Server } from 'serval';
import { runCases } from '../src/echo-client';
import { startEchoServer } from '../src/echo-server';

// Peers that share no code with ours or with ws. They are Debian's packages python3-websockets and python3-autobahn.

/** A Python that has the module: the first on the path, or the system's own. */
function pythonWith(module: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
  );
}

let server: Server;
const children: ChildProcess[] = [];
beforeAll(async () => {
  server = await startEchoServer(0, '127.0.0.1');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => server.stop({ graceMs: 0 }));

/** Runs a script of the fixtures. */
function run(
  python: string,
  script: string,
  ...args: string[]
): { firstLine: Promise<string>; ended: Promise<unknown> } {
  const child = spawn(python, [join(__dirname, 'fixtures', script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const firstLine = once(createInterface(child.stdout), 'line').then(([line]) => String(line));
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, output: output.trim(), errors }));
  return { firstLine, ended };
}

/** A test that needs a module of Python; where it is missing the title says so. */
function withPython(module: string, title: string, body: (python: string) => Promise<void>): void {
  const python = pythonWith(module);
  if (python === undefined) test.skip(`${title}: needs a python3 that has the module ${module}`, () => undefined);
  else test(title, () => body(python), 30_000);
}

withPython('websockets', 'the echo server and a client of the websockets library agree', async (python) => {
  const { ended } = run(python, 'websockets_peer.py', 'client', `ws://127.0.0.1:${server.port}/`);
  expect(await ended).toEqual({ code: 0, output: `${4 * 22}`, errors: '' });
});

withPython('websockets', 'the echo client and a server of the websockets library agree', async (python) => {
  const { firstLine, ended } = run(python, 'websockets_peer.py', 'server');
  const port = await firstLine;
  const { cases, closes } = await runCases(new URL(`ws://127.0.0.1:${port}`), 'Serval');
  expect([cases, closes]).toEqual([2, new Map([[1000, 2]])]);
  expect(await ended).toEqual({ code: 0, output: `${port}\n${2 * 22}`, errors: '' });
});

withPython('autobahn', 'the echo server and a client of the autobahn library agree', async (python) => {
  const { ended } = run(python, 'autobahn_peer.py', `ws://127.0.0.1:${server.port}/`);
  expect(await ended).toEqual({ code: 0, output: `${3 * 40}`, errors: '' });
});
