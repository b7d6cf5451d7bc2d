import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnMessage, ServerEndpoint, Session } from '@serval/api';
import { Server, type ServerOptions } from '@serval/server';
import { WebSocket, type ClientOptions } from 'ws';
import { afterTest } from './after-test';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string, session: Session): string {
    return `${text} at ${session.getRequestURI()}`;
  }
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'serval-unix-'))));
afterAll(() => rmSync(folder, { recursive: true }));

async function started(path: string, options: ServerOptions = {}): Promise<Server> {
  const server = new Server({ port: path, endpoints: [Chat], ...options });
  afterTest(() => server.stop({ graceMs: 1 }));
  return server.start();
}

/** The answer to a message, or the status of a refusal. */
async function say(text: string, path: string, options?: ClientOptions): Promise<string> {
  const client = new WebSocket(`ws+unix:${path}:/chat?room=1`, options);
  return new Promise((resolve, reject) => {
    client.on('open', () => client.send(text));
    client.on('message', (data: Buffer) => {
      client.close();
      resolve(data.toString());
    });
    client.on('unexpected-response', (_request, response) => {
      resolve(`status ${response.statusCode}`);
      response.destroy();
    });
    client.on('error', reject);
  });
}

test.each(['native', 'ws'] as const)(
  'listens on the path of a Unix domain socket, and removes it: %s',
  async (engine) => {
    const path = join(folder, `${engine}.sock`);
    const server = await started(path, { engine });
    expect(await say('hello', path)).toBe('hello at ws://localhost/chat?room=1');
    expect(() => server.port).toThrow(`The server listens on the path ${path}, which has no port.`);
    await server.stop({ graceMs: 1 });
    expect(existsSync(path)).toBe(false);
  },
);

test('takes a relative path', async () => {
  const path = join(folder, 'relative.sock');
  const before = process.cwd();
  process.chdir(folder);
  try {
    await started('./relative.sock');
  } finally {
    process.chdir(before);
  }
  expect(await say('hello', path)).toBe('hello at ws://localhost/chat?room=1');
});

test('compares the Origin with the Host, as on a port', async () => {
  const path = join(folder, 'origin.sock');
  await started(path);
  expect(await say('a', path, { origin: 'http://localhost' })).toMatch(/^a at/);
  expect(await say('a', path, { origin: 'https://evil.example' })).toBe('status 403');
  const headers = { Host: 'chat.example' };
  expect(await say('a', path, { headers, origin: 'https://chat.example' })).toMatch(/^a at/);
  expect(await say('a', path, { headers, origin: 'http://localhost' })).toBe('status 403');
});

test('start() rejects with EADDRINUSE where another server listens, and where one has left its socket behind', async () => {
  const taken = join(folder, 'taken.sock');
  const other = createServer().listen(taken);
  afterTest(() => other.close());
  await once(other, 'listening');
  await expect(started(taken)).rejects.toMatchObject({ code: 'EADDRINUSE' });

  // Killed, it does not remove its socket.
  const stale = join(folder, 'stale.sock');
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', program, stale]);
  expect(existsSync(stale)).toBe(true);
  await expect(started(stale)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  rmSync(stale);
  await started(stale);
  expect(await say('hello', stale)).toMatch(/^hello at/);
});

test('refuses a host beside a path, and a port from the environment', () => {
  expect(() => new Server({ port: './chat.sock', host: 'localhost' })).toThrow(
    'host is for a port; found it beside the path "./chat.sock". Remove it.',
  );
  expect(() => new Server({ port: '8080' })).toThrow(/found "8080"\. Convert it with Number\(\)\.$/);
});
