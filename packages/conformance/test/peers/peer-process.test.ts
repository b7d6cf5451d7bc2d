import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PeerProcess } from '.';

describe('a process that does not start', () => {
  test('throws an error that shows its output', async () => {
    const starting = PeerProcess.start({
      program: process.execPath,
      args: ['-e', 'console.log("no such port"); process.exit(3)'],
      cwd: tmpdir(),
      ready: /listening/,
    });
    await expect(starting).rejects.toThrow(/ended with 3[^]*no such port/);
  });

  test('is killed if it is not ready in time', async () => {
    const starting = PeerProcess.start({
      program: process.execPath,
      args: ['-e', 'console.log(process.pid); setInterval(() => undefined, 1000)'],
      cwd: tmpdir(),
      ready: /never/,
      startLimitMs: 1000,
    });
    const error = (await starting.catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain('not ready within 1000 ms');
    const [pid] = /^\d+$/m.exec(error.message) ?? [];
    await expect(gone(Number(pid))).resolves.toBe(true);
  });

  test('throws an error if there is no such program', async () => {
    expect(existsSync('/no/such/program')).toBe(false);
    const starting = PeerProcess.start({ program: '/no/such/program', args: [], cwd: tmpdir(), ready: /x/ });
    await expect(starting).rejects.toThrow('/no/such/program could not be started');
  });
});

/** Whether the process ends; a killed child is reaped by Node soon. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

test('a peer ends with the process that started it, even if that is killed', async () => {
  // As npm test has compiled it.
  const program = `
    const { PeerProcess } = require(${JSON.stringify(join(__dirname, '../../dist/test/peers'))});
    const server = 'const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log("port", s.address().port))';
    PeerProcess.start({ program: process.execPath, args: ['-e', server], cwd: '.', ready: /port (\\d+)/ })
      .then((peer) => console.log(peer.readyMatch[1]));`;
  const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const socket = connect(Number(port), '127.0.0.1').resume();
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  const ended = once(socket, 'close');
  parent.kill('SIGKILL');
  await ended;
});

test('a program that runs to its end reports its exit code and output', async () => {
  const program = 'process.stdin.pipe(process.stdout); console.error("on the way"); process.exitCode = 4';
  const end = await PeerProcess.run({ program: process.execPath, args: ['-e', program], cwd: tmpdir() }, 'hello');
  expect(end).toEqual({ code: 4, stdout: 'hello', stderr: 'on the way\n' });
});
