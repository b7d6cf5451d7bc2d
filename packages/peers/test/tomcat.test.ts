import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describeWithPeer, PeerProcess, Tomcat } from '@serval/peers';
import WebSocket from 'ws';

const START_MS = 90_000;

describeWithPeer(Tomcat, 'Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, START_MS);
  afterAll(() => tomcat?.stop());

  test('answers at its examples', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${tomcat.port}/examples/websocket/echoAnnotation`);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('hello');
    socket.close();
    await once(socket, 'close');
  });

  test(
    'leaves nothing behind when it is stopped',
    async () => {
      const another = await Tomcat.start();
      expect(existsSync(another.folder)).toBe(true);
      await another.stop();
      expect(existsSync(another.folder)).toBe(false);
    },
    START_MS,
  );
});

describe('a process that does not start', () => {
  test('is an error that shows what it has printed', async () => {
    const starting = PeerProcess.start({
      program: process.execPath,
      args: ['-e', 'console.log("no such port"); process.exit(3)'],
      cwd: tmpdir(),
      ready: /listening/,
    });
    await expect(starting).rejects.toThrow(/ended with 3[^]*no such port/);
  });

  test('is ended when it is not ready in time', async () => {
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

  test('is an error where there is no such program', async () => {
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
