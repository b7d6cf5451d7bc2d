import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createSockJs, type Connection } from 'sockjs';
import { HeaderMap } from '@serval/protocol';
import { connect, type HandlerConnectOptions, type WebSocketClient } from '../src';
import { SessionCookies } from '../src/session-cookies';
import { askingFor, ConnectProxy } from './connect-proxy';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';
import { echo, forget, SockJsNodeServer } from './sockjs-node-server';
import { poll, ScriptedServer, status, type Script } from './sockjs-scripted-server';

const PATIENT = { timeout: 20_000 };
const fixture = (part: string): Buffer =>
  readFileSync(join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`));
const TLS = { key: fixture('key'), cert: fixture('cert') };
const TRANSPORTS = ['websocket', 'xhr-streaming', 'xhr-polling'] as const;

async function open(url: string, options: HandlerConnectOptions): Promise<WebSocketClient> {
  const client = await connect(url, { logger: silent, ...options });
  afterTest(async () => {
    await client.close();
    await client.closed;
  });
  return client;
}

/** Sends texts one after the other, each after the echo of the one before. */
async function exchange(client: WebSocketClient, ...texts: string[]): Promise<void> {
  const left = [...texts];
  await client.send(left[0] ?? '');
  for await (const text of client) {
    expect(text).toBe(left.shift());
    if (left.length === 0) return;
    await client.send(left[0] ?? '');
  }
}

/** An endpoint of sockjs on the server. */
function install(server: ReturnType<typeof createServer>): void {
  const sockJs = createSockJs({ prefix: '/echo', log: () => undefined });
  const connections: Connection[] = [];
  sockJs.on('connection', (connection) => {
    connections.push(connection);
    echo(connection);
  });
  sockJs.installHandlers(server);
  afterTest(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => {
      server.close(() => {
        forget(connections);
        resolve();
      });
    });
  });
}

describe.each(TRANSPORTS)('over %s', (name) => {
  const sockJs = { ...PATIENT, transports: [name] };

  test('connects by TLS, with the certificates of sslContext', async () => {
    const server = createTlsServer(TLS);
    install(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}/echo`;
    const client = await open(url, { sockJs, sslContext: { ca: TLS.cert } });
    expect([client.session?.isSecure(), client.session?.getRequestURI().href]).toEqual([true, url]);
    await exchange(client, 'one', 'two');
    const error = await rejection(connect(url, { sockJs }));
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_TLS',
      expect.stringMatching(/^wss:\/\/localhost:\d+\/echo\/info did not answer: /),
    ]);
  });

  test('connects through a proxy, on few connections', async () => {
    const server = await SockJsNodeServer.start();
    const proxy = await ConnectProxy.start(askingFor('Basic realm="p"', (sent) => sent === 'Basic YW5uOnMzY3JldA=='));
    const client = await open(server.url.replace('127.0.0.1', 'sockjs.example'), {
      sockJs,
      proxy: proxy.url('ann:s3cret@'),
    });
    await exchange(client, 'one', 'two', 'three', 'four');
    // A challenge and a tunnel for the info, and for one connection or two.
    expect(proxy.lines.length).toBeLessThanOrEqual(name === 'websocket' ? 4 : 6);
    for (const line of proxy.lines) expect(line).toMatch(/^CONNECT sockjs\.example:\d+ /);
  });

  test('connects to a Unix domain socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serval-sockjs-'));
    afterTest(() => rmSync(folder, { recursive: true }));
    const server = createServer();
    install(server);
    await new Promise<void>((resolve) => server.listen(join(folder, 'echo.sock'), resolve));
    const client = await open(`ws+unix://${folder}/echo.sock:/echo?room=1`, { sockJs });
    expect(client.session?.getRequestURI().href).toBe(`ws+unix://${folder}/echo.sock:/echo?room=1`);
    await exchange(client, 'one', 'two');
  });
});

describe('credentials', () => {
  const server = (challenge: string): Promise<ScriptedServer> => {
    const guarded =
      (script: Script): Script =>
      (exchange) => {
        if (exchange.request.headers.authorization === undefined)
          status(401, { 'WWW-Authenticate': challenge })(exchange);
        else script(exchange);
      };
    const info = guarded(({ response }) => void response.end('{"websocket":false}'));
    return ScriptedServer.start({
      info,
      xhr: guarded(poll('o\n', 'a["x"]\n')),
      xhr_send: guarded(status(204)),
    });
  };
  const options = {
    logger: silent,
    credentials: { username: 'ann', password: 's3cret' },
    sockJs: { ...PATIENT, transports: ['xhr-polling'] as const },
  };

  test('with Basic answer one challenge for all requests', async () => {
    const guarded = await server('Basic realm="r"');
    const client = await open(guarded.url, options);
    await client.send('hello');
    await guarded.until('xhr_send', 1);
    await guarded.until('xhr', 3);
    expect([guarded.count('info'), guarded.count('xhr_send')]).toEqual([2, 1]);
    expect(guarded.requests.at(-1)?.request.headers.authorization).toBe('Basic YW5uOnMzY3JldA==');
  });

  test('with Digest answer each challenge, and send the body again', async () => {
    const guarded = await server('Digest realm="r", nonce="n", qop="auth"');
    const client = await open(guarded.url, options);
    await client.send('hello');
    await guarded.until('xhr_send', 2);
    const sends = guarded.requests.filter(({ kind }) => kind === 'xhr_send');
    expect(sends.map(({ body }) => body)).toEqual(['["hello"]', '["hello"]']);
    // On the same connection.
    expect(sends[1]?.request.socket).toBe(sends[0]?.request.socket);
    expect(sends[1]?.request.headers.authorization).toMatch(
      /^Digest username="ann".*uri="\/echo\/\d{3}\/\w+\/xhr_send"/,
    );
  });

  test('that are wrong are an error, without another transport', async () => {
    const refusing = await ScriptedServer.start({
      info: ({ response }) => void response.end('{"websocket":false}'),
      xhr_streaming: status(401, { 'WWW-Authenticate': 'Basic realm="r"' }),
    });
    const error = await rejection(connect(refusing.url, { ...options, sockJs: PATIENT }));
    // The path has the session's ID, so the message does not show it.
    expect([error.code, error.message, refusing.kinds]).toEqual([
      'WS_CONNECT_AUTHENTICATION',
      `${refusing.url} (xhr_streaming) answered 401 and did not accept the credentials (Basic); check name and password.`,
      ['info', 'xhr_streaming', 'xhr_streaming'],
    ]);
  });
});

describe('the cookies of a session', () => {
  const at = (path: string, scheme = 'ws'): URL => new URL(`${scheme}://example.com${path}`);
  const header = (...lines: string[]): HeaderMap =>
    HeaderMap.fromRawHeaders(lines.flatMap((line) => ['Set-Cookie', line]));

  test('go back to the paths for which they are', () => {
    const cookies = new SessionCookies();
    cookies.store(
      at('/a/info'),
      header('one=1; Path=/', 'two=2; path=/a', 'three=3', 'four=4; Path=/b', 'five=5; Path=x'),
    );
    expect(cookies.headerFor(at('/a/0/s/xhr'), [])).toBe('one=1; two=2; three=3; five=5');
    expect(cookies.headerFor(at('/ab'), [])).toBe('one=1');
    expect(cookies.headerFor(at('/b'), [])).toBe('one=1; four=4');
  });

  test('are added to those of the headers, which take precedence', () => {
    const cookies = new SessionCookies();
    cookies.store(at('/info'), header('one=1', 'two="2"', '__proto__=3'));
    expect(cookies.headerFor(at('/x'), ['one=mine; other=4'])).toBe('one=mine; other=4; two="2"; __proto__=3');
    expect(new SessionCookies().headerFor(at('/x'), [])).toBeUndefined();
  });

  test('stay at their origin, and secure ones at TLS', () => {
    const cookies = new SessionCookies();
    cookies.store(at('/info', 'wss'), header('one=1; Secure; HttpOnly'));
    expect(cookies.headerFor(at('/x', 'wss'), [])).toBe('one=1');
    expect(cookies.headerFor(new URL('wss://other.example/x'), [])).toBeUndefined();
    expect(cookies.headerFor(at('/x'), [])).toBeUndefined();
  });

  test('are removed by the server', () => {
    const cookies = new SessionCookies();
    cookies.store(
      at('/info'),
      header('one=1; Max-Age=60', 'two=2', 'three=3; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'),
    );
    cookies.store(at('/info'), header('one=; Max-Age=0', 'two=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'));
    expect(cookies.headerFor(at('/x'), [])).toBe('three=3');
  });

  test('are bounded, and lines that are not cookies are skipped', () => {
    const cookies = new SessionCookies();
    cookies.store(at('/info'), header('', '=1', 'nothing', `large=${'x'.repeat(5000)}`));
    expect(cookies.headerFor(at('/x'), [])).toBeUndefined();
    cookies.store(at('/info'), header(...Array.from({ length: 100 }, (_, index) => `c${index}=1`)));
    expect(cookies.headerFor(at('/x'), [])?.split('; ').length).toBe(50);
  });
});

test('a client without the option does not load the package', async () => {
  let loads = 0;
  jest.doMock('@serval/sockjs', () => {
    loads += 1;
    return jest.requireActual<object>('@serval/sockjs');
  });
  afterTest(() => jest.dontMock('@serval/sockjs'));
  await jest.isolateModulesAsync(async () => {
    const { connect: freshConnect } = jest.requireActual<{ connect: typeof connect }>('../src');
    await rejection(freshConnect('ws://127.0.0.1:1'));
    expect(loads).toBe(0);
    await rejection(freshConnect('http://127.0.0.1:1', { sockJs: true }));
    expect(loads).toBe(1);
  });
});
