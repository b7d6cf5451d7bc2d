import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoint, HandshakeException, OnMessage, ServerEndpoint, Session } from '@serval/api';
import { Server, type ServerOptions } from '@serval/server';
import { WebSocket, type ClientOptions } from 'ws';
import { connect, ClientContainer, type ClientContainerOptions } from '../src';
import { accepting, LiteralServer, status } from './literal-server';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

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
  afterTest(() => server.stop({ grace: 1 }));
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
    await server.stop({ grace: 1 });
    expect(existsSync(path)).toBe(false);
  },
);

test('accepts a relative path', async () => {
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

test('start() rejects with EADDRINUSE if another server listens, or left its socket behind', async () => {
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

test('rejects a host together with a path, and a port from the environment', () => {
  expect(() => new Server({ port: './chat.sock', host: 'localhost' })).toThrow(
    'host is for a port; found it beside the path "./chat.sock". Remove it.',
  );
  expect(() => new Server({ port: '8080' })).toThrow(/found "8080"\. Convert it with Number\(\)\.$/);
});

class Listener extends Endpoint {
  readonly heard = new Inbox();
  override onOpen(session: Session) {
    session.addMessageHandler(String, (text: string) => this.heard.add(text));
  }
}

async function open(uri: string, options: ClientContainerOptions = {}, endpoint = new Listener()): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
  const session = await container.connectToServer(endpoint, null, uri);
  afterTest(() => session.close());
  return session;
}

/** A server of literal bytes at a path: each request is answered with the next of these. */
async function literal(path: string, ...answers: readonly string[]): Promise<string[]> {
  const requests: string[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      requests.push(chunk.toString());
      const key = /^sec-websocket-key: (.*)$/im.exec(chunk.toString())?.[1]?.trim() ?? '';
      const headers = new Map([['sec-websocket-key', key]]);
      const opened = accepting()({ requestLine: '', headers, connection: undefined as never });
      socket.write(answers[requests.length - 1] ?? String(opened));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  afterTest(() => server.close());
  return requests;
}

describe('a client with ws+unix:', () => {
  test.each<[form: string, uri: (path: string) => string]>([
    ['three slashes', (path) => `ws+unix://${path}:/chat?room=1`],
    ['one slash', (path) => `ws+unix:${path}:/chat?room=1`],
    ['percent-encoding', (path) => `ws+unix://${path.replace('.', '%2e')}:/chat?room=1`],
  ])('connects: %s', async (_form, uri) => {
    const path = join(folder, 'client.sock');
    await started(path);
    const endpoint = new Listener();
    const session = await open(uri(path), {}, endpoint);
    expect(session.getQueryString()).toBe('room=1');
    expect(session.isSecure()).toBe(false);
    expect(session.getRemoteAddress()).toBeUndefined();
    expect(session.getRequestURI().protocol).toBe('ws+unix:');
    await session.getBasicRemote().sendText('hello');
    expect(await endpoint.heard.next()).toBe('hello at ws://localhost/chat?room=1');
  });

  test('accepts a relative path, and one with a colon and a space', async () => {
    const path = join(folder, 'a b:c.sock');
    await started(path);
    const before = process.cwd();
    process.chdir(folder);
    afterTest(() => process.chdir(before));
    const connection = await connect('ws+unix:./a%20b%3Ac.sock:/chat', { onText() {} });
    afterTest(() => connection.close());
    expect(connection.state).toBe('open');
    expect(connection.session?.getRequestURI().href).toBe('ws+unix:./a%20b%3Ac.sock:/chat');
  });

  test('requests / by default, and sends no Origin', async () => {
    const path = join(folder, 'literal.sock');
    const requests = await literal(path);
    await open(`ws+unix://${path}`);
    await open(`ws+unix://${path}?a=b`);
    await open(`ws+unix://${path}:`);
    expect(requests.map((text) => text.split('\r\n', 1)[0])).toEqual([
      'GET / HTTP/1.1',
      'GET /?a=b HTTP/1.1',
      'GET / HTTP/1.1',
    ]);
    expect(requests[0]).toMatch(/\r\nHost: localhost\r\n/);
    expect(requests[0]).not.toMatch(/\r\nOrigin:/i);
  });

  test('does not use a proxy', async () => {
    const path = join(folder, 'direct.sock');
    await started(path);
    process.env['ALL_PROXY'] = 'http://127.0.0.1:1';
    afterTest(() => delete process.env['ALL_PROXY']);
    await open(`ws+unix://${path}:/chat`);
    await open(`ws+unix://${path}:/chat`, { proxy: 'http://127.0.0.1:1' });
  });

  test('follows redirects to the same socket, and to a server, which receives no credentials', async () => {
    const path = join(folder, 'redirect.sock');
    const server = await LiteralServer.start();
    const redirect = (to: string): string => `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`;
    const asks = 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a"\r\nContent-Length: 0\r\n\r\n';
    const requests = await literal(path, redirect('../b?c'), asks, redirect(server.url('/d')));
    const credentials = { username: 'ann', password: 's3cret' };
    const session = await open(`ws+unix://${path}:/x/a`, { credentials });
    expect(requests.map((text) => text.split('\r\n', 1)[0])).toEqual([
      'GET /x/a HTTP/1.1',
      'GET /b?c HTTP/1.1',
      'GET /b?c HTTP/1.1',
    ]);
    expect(requests[2]).toMatch(/\r\nAuthorization: Basic /);
    expect(server.last.headers.has('authorization')).toBe(false);
    expect(session.getRequestURI().href).toBe(server.url('/d'));
  });

  test('does not follow a redirect to a socket, not even from another socket', async () => {
    const path = join(folder, 'target.sock');
    await started(path);
    const server = await LiteralServer.start(status('302 Found', `Location: ws+unix://${path}:/chat`));
    const error = await rejection(open(server.url()));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_BAD_URI', 302]);
    const other = join(folder, 'other.sock');
    await literal(other, `HTTP/1.1 302 Found\r\nLocation: ws+unix://${path}:/chat\r\nContent-Length: 0\r\n\r\n`);
    expect((await rejection(open(`ws+unix://${other}:/`))).code).toBe('WS_CONNECT_BAD_URI');
  });

  test.each<[uri: string, message: RegExp]>([
    ['ws+unix://run/chat.sock:/a', /has the host run; expected ws\+unix:\/\/\/run\/chat\.sock:\/path/],
    ['ws+unix:///', /has no path of a socket/],
    ['ws+unix://', /has no path of a socket/],
    ['ws+unix:///a%00b:/c', /has no path of a socket/],
    ['ws+unix:///a%:/c', /has a path that is not percent-encoded/],
    ['ws+unix:///a.sock:b', /has "b" after the colon/],
    ['ws+unix:///a.sock:/b#c', /has a fragment/],
    ['wss+unix:///a.sock:/b', /The scheme of a WebSocket is ws: or wss:; found wss\+unix:/],
  ])('%s fails with WS_CONNECT_BAD_URI', async (uri, message) => {
    const error = await rejection(open(uri));
    expect([error.code, error.message]).toEqual(['WS_CONNECT_BAD_URI', expect.stringMatching(message)]);
  });

  test('names the socket on which nothing listens', async () => {
    const error = await rejection(open(`ws+unix://${folder}/nobody.sock:/chat?token=s3cret`));
    expect(error).toBeInstanceOf(HandshakeException);
    expect(error.code).toBe('WS_CONNECT_IO');
    expect(error.message).toBe(
      `ws+unix://${folder}/nobody.sock:/chat did not open the WebSocket: connect ENOENT ${folder}/nobody.sock.`,
    );
  });
});

test('also answers requests without an upgrade', async () => {
  const path = join(folder, 'pages.sock');
  const requestListener: RequestListener = (_request, response) => response.end('a page');
  await started(path, { requestListener });
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath: path, path: '/' }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    })
      .on('error', reject)
      .end();
  });
  expect(body).toBe('a page');
});
