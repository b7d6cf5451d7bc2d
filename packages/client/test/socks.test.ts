import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import {
  ClientEndpointConfig,
  Endpoint,
  HandshakeException,
  OnMessage,
  ServerEndpoint,
  type Session,
} from '@serval/api';
import { Server } from '@serval/server';
import { ClientContainer, type ClientContainerOptions, type ProxyOption } from '../src';
import type * as SocksTunnel from '../src/socks-tunnel';
import { LiteralServer, status } from './literal-server';
import { SocksServer } from './socks-server';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

const P = 'org.apache.tomcat.websocket.';
const USER = { username: 'ann', password: 's3cret' };

const fixture = (part: string): Buffer =>
  readFileSync(join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`));
const TLS = { key: fixture('key'), cert: fixture('cert') };

@ServerEndpoint('/shout')
class Shout {
  @OnMessage shout(text: string) {
    return text.toUpperCase();
  }
}

class Listener extends Endpoint {
  readonly heard = new Inbox();
  override onOpen(session: Session) {
    session.addMessageHandler(String, (text: string) => this.heard.add(text));
  }
}

function config(properties: Record<string, unknown> = {}): ClientEndpointConfig {
  const made = ClientEndpointConfig.Builder.create().sslContext({ ca: TLS.cert }).build();
  for (const [name, value] of Object.entries(properties)) made.getUserProperties().set(P + name, value);
  return made;
}

async function connect(uri: string, options: ClientContainerOptions, given = config()): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
  const session = await container.connectToServer(new Listener(), given, uri);
  afterTest(() => session.close());
  return session;
}

function failed(uri: string, options: ClientContainerOptions, given = config()): Promise<HandshakeException> {
  return rejection(connect(uri, options, given));
}

afterEach(() => {
  for (const name of ['ws_proxy', 'all_proxy', 'ALL_PROXY', 'http_proxy']) delete process.env[name];
});

describe('a connection through a SOCKS proxy', () => {
  test.each<[scheme: string, version: number, host: string]>([
    ['socks5h', 5, 'localhost.test'],
    ['socks', 5, 'localhost.test'],
    ['socks4a', 4, 'localhost.test'],
  ])('%s: the proxy resolves the name', async (scheme, version, host) => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start();
    await connect(server.url('/', 'localhost.test'), { proxy: proxy.url(scheme) });
    expect(proxy.requests).toEqual([expect.objectContaining({ version, host, port: server.port })]);
    expect(server.last.headers.get('host')).toBe(`localhost.test:${server.port}`);
  });

  test.each(['socks5', 'socks4'])('%s: the client resolves the name', async (scheme) => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start();
    await connect(server.url('/', 'localhost'), { proxy: proxy.url(scheme) });
    expect(proxy.requests).toEqual([expect.objectContaining({ port: server.port })]);
    expect(proxy.requests[0]?.host).toMatch(/^127\.0\.0\.1$|^0{31}1$/);

    const error = await failed('ws://nowhere.invalid/', { proxy: proxy.url(scheme) });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_IO',
      expect.stringMatching(/nowhere\.invalid.*Let the proxy resolve the name with socks[45](a|h):\.$/),
    ]);
  });

  test.each(['ws', 'wss'])('carries messages both ways: %s', async (scheme) => {
    const server = await new Server({
      endpoints: [Shout],
      logger: silent,
      ...(scheme === 'wss' && { tls: TLS }),
    }).start();
    afterTest(() => server.stop({ grace: 1 }));
    const proxy = await SocksServer.start({ user: USER });
    const endpoint = new Listener();
    const container = new ClientContainer({ logger: silent, proxy: proxy.url('socks5h', 'ann:s3cret@') });
    const session = await container.connectToServer(endpoint, config(), `${scheme}://localhost:${server.port}/shout`);
    await session.getBasicRemote().sendText('hello');
    expect(await endpoint.heard.next()).toBe('HELLO');
    expect(session.isSecure()).toBe(scheme === 'wss');
    await session.close();
    await proxy.deserted();
    expect([proxy.logins, proxy.requests]).toEqual([
      ['ann:s3cret'],
      [{ version: 5, host: 'localhost', port: server.port }],
    ]);
  });

  test('sends addresses unchanged', async () => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start();
    await connect(server.url(), { proxy: proxy.url('socks5') });
    await connect(`ws://[::1]:${server.port}/`, { proxy: proxy.url('socks5h') });
    expect(proxy.requests.map(({ host }) => host)).toEqual(['127.0.0.1', `${'0'.repeat(31)}1`]);
  });

  test('opens a new connection for a redirect', async () => {
    const target = await LiteralServer.start();
    const server = await LiteralServer.start(status('302 Found', `Location: ${target.url('/there')}`));
    const proxy = await SocksServer.start();
    await connect(server.url(), { proxy: proxy.url() });
    expect(proxy.requests.map(({ port }) => port)).toEqual([server.port, target.port]);
  });

  test('uses the proxy of the environment', async () => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start({ user: { username: 'ä:', password: 'p@%' } });
    process.env['ALL_PROXY'] = proxy.url('socks5h', '%C3%A4%3A:p%40%25@');
    await connect(server.url('/', 'prices.example'), {});
    expect(proxy.logins).toEqual(['ä::p@%']);
    // A variable for the scheme overrides it, as in curl.
    process.env['ws_proxy'] = 'http://127.0.0.1:1';
    expect((await failed(server.url('/', 'prices.example'), {})).message).toMatch(/proxy http:\/\/127\.0\.0\.1:1 /);
  });

  test.each<[what: string, proxy: (server: SocksServer) => ProxyOption, properties: Record<string, string>]>([
    ['the option', (server) => ({ uri: server.url('socks5h', 'bob:x@'), credentials: USER }), {}],
    [
      'user properties',
      (server) => server.url('socks5h', 'bob:x@'),
      { WS_AUTHENTICATION_PROXY_USER_NAME: 'ann', WS_AUTHENTICATION_PROXY_PASSWORD: 's3cret' },
    ],
  ])('credentials of %s override those of the URI', async (_what, option, properties) => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start({ user: USER });
    await connect(server.url(), { proxy: option(proxy) }, config(properties));
    expect(proxy.logins).toEqual(['ann:s3cret']);
  });

  test('sends only the user name with SOCKS 4', async () => {
    const server = await LiteralServer.start();
    const proxy = await SocksServer.start();
    await connect(server.url(), { proxy: proxy.url('socks4a', 'ann:s3cret@') });
    expect(proxy.requests).toEqual([{ version: 4, host: '127.0.0.1', port: server.port, userId: 'ann' }]);
  });
});

describe('a SOCKS proxy that', () => {
  const bytes = (...given: number[]): Buffer => Buffer.from(given);

  test.each<[does: string, answers: readonly (Buffer | 'silence' | undefined)[], message: RegExp]>([
    ['speaks HTTP', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], /invalid socks version/],
    ['takes no method', [bytes(5, 0xff)], /no accepted authentication type\); it requires credentials \(the option/],
    ['wants Kerberos', [bytes(5, 1)], /unknown authentication type/],
    [
      'refuses the connection',
      [undefined, bytes(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)],
      /rejected connection - ConnectionRefused/,
    ],
    ['answers with a code that there is not', [undefined, bytes(5, 77, 0, 1, 0, 0, 0, 0, 0, 0)], /rejected connection/],
    [
      'sends bytes after its answer',
      [undefined, Buffer.concat([bytes(5, 0, 0, 1, 127, 0, 0, 1, 0, 80), Buffer.from('HTTP/1.1 101 X\r\n\r\n')])],
      /it sent 18 bytes after its answer/,
    ],
    ['answers with an address of a kind that there is not', [undefined, bytes(5, 0, 0, 9, 1, 2, 3)], /it sent 7 bytes/],
  ])('%s fails with WS_CONNECT_PROXY', async (_does, answers, message) => {
    const proxy = await SocksServer.start({ answers });
    const error = await failed('ws://prices.example/', { proxy: proxy.url() });
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual(['WS_CONNECT_PROXY', expect.stringMatching(message)]);
    expect(error.message).toMatch(
      /^The proxy socks5h:\/\/127\.0\.0\.1:\d+ did not open a tunnel to ws:\/\/prices\.example\/: /,
    );
    await proxy.deserted();
  });

  test('disconnects at any step', async () => {
    for (const [count, answer] of [undefined, bytes(5, 0), bytes(5, 0, 0, 3, 200)].entries()) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        let steps = 0;
        socket.on('data', () => {
          steps += 1;
          if (steps < count || answer === undefined) socket.end();
          else socket.end(answer);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      afterTest(() => server.close());
      const { port } = server.address() as AddressInfo;
      const error = await failed('ws://prices.example/', { proxy: `socks5h://127.0.0.1:${port}` });
      expect([error.code, error.message]).toEqual(['WS_CONNECT_PROXY', expect.stringMatching(/Socket closed/)]);
    }
  });

  test('cannot be reached', async () => {
    const error = await failed('ws://prices.example/', { proxy: 'socks5h://127.0.0.1:1' });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_PROXY',
      expect.stringMatching(/^The proxy socks5h:\/\/127\.0\.0\.1:1 did not open a tunnel to .* ECONNREFUSED/),
    ]);
  });

  test.each<[string, readonly (Buffer | 'silence' | undefined)[]]>([
    ['greets nobody', ['silence']],
    ['never connects', [undefined, 'silence']],
  ])('%s ends in a timeout', async (_what, answers) => {
    const proxy = await SocksServer.start({ answers });
    const silentFor = await failed('ws://prices.example/', { proxy: proxy.url(), ioTimeout: 50 });
    expect([silentFor.code, silentFor.message]).toEqual([
      'WS_CONNECT_TIMEOUT',
      expect.stringMatching(/^The proxy socks5h:.* was silent for 50 ms/),
    ]);
    const late = await failed('ws://prices.example/', { proxy: proxy.url(), handshakeTimeout: 50 });
    expect([late.code, late.message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringMatching(/within 50 ms/)]);
    await proxy.deserted();
  });

  test('is still pending when the container stops', async () => {
    const proxy = await SocksServer.start({ answers: [undefined, 'silence'] });
    const container = new ClientContainer({ logger: silent, proxy: proxy.url() });
    const connecting = rejection(container.connectToServer(new Listener(), null, 'ws://prices.example/'));
    await container.stop();
    expect((await connecting).code).toBe('WS_CONNECT_STOPPED');
    await proxy.deserted();
  });

  test('refuses the credentials, which the message does not show', async () => {
    const proxy = await SocksServer.start({ user: { ...USER, password: 'another' } });
    const error = await failed('ws://prices.example/', { proxy: proxy.url('socks5h', 'ann:s3cret@') });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_AUTHENTICATION',
      expect.stringMatching(/Authentication failed; check user name and password\.$/),
    ]);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret');
    expect(proxy.logins).toEqual(['ann:s3cret']);
  });
});

describe('reports the limits of SOCKS', () => {
  test('longer credentials', async () => {
    const proxy = await SocksServer.start({ user: USER });
    const option = { uri: proxy.url(), credentials: { username: 'ann', password: 'é'.repeat(128) } };
    const error = await failed('ws://prices.example/', { proxy: option });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_AUTHENTICATION',
      expect.stringMatching(/the password has more than 255 bytes/),
    ]);
    await proxy.deserted();
  });

  test('IPv6 by SOCKS 4', async () => {
    const proxy = await SocksServer.start();
    const error = await failed('ws://[::1]:9/', { proxy: proxy.url('socks4a') });
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_PROXY',
      expect.stringMatching(/SOCKS 4 does not support IPv6 addresses; use socks5:/),
    ]);
  });

  test('a name of more than 255 bytes', async () => {
    const proxy = await SocksServer.start();
    const name = Array.from({ length: 30 }, () => 'abcdefghi').join('.');
    expect((await failed(`ws://${name}/`, { proxy: proxy.url() })).code).toBe('WS_CONNECT_PROXY');
    await proxy.deserted();
  });

  test.each<[ProxyOption, RegExp]>([
    [
      { uri: 'socks5h://127.0.0.1', headers: { 'X-Team': 'a' } },
      /^proxy\.headers is for http: and https: proxies; found it beside socks5h: Remove it\.$/,
    ],
    [{ uri: 'socks5h://127.0.0.1', tls: { ca: 'x' } }, /^proxy\.tls is for http: and https: proxies/],
    ['socks6://127.0.0.1', /^proxy is a URI with http:, https: or socks:, .*; found the scheme socks6:$/],
    ['socks5h:///', /^proxy is a URI with .*; found no host after socks5h:$/],
  ])('%j', (proxy, message) => {
    expect(() => new ClientContainer({ proxy })).toThrow(message);
  });
});

test('without the package socks, the connect fails with the install command, before it opens a connection', async () => {
  await jest.isolateModulesAsync(async () => {
    jest.doMock('socks', () => {
      throw Object.assign(new Error("Cannot find module 'socks'"), { code: 'MODULE_NOT_FOUND' });
    });
    afterTest(() => jest.dontMock('socks'));
    const { openSocksTunnel } = jest.requireActual<typeof SocksTunnel>('../src/socks-tunnel');
    const { message, code } = await rejection(openSocksTunnel({} as never, {} as never));
    expect([code, message]).toEqual([
      'WS_DEPLOY_FAILED',
      'a SOCKS proxy needs socks, which is not installed. Run "npm install socks".',
    ]);
  });
});
