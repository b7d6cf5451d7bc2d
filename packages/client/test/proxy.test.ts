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
import { askingFor, ConnectProxy, OPENED, type TunnelAnswer } from './connect-proxy';
import { accepting, LiteralServer, status } from './literal-server';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

const P = 'org.apache.tomcat.websocket.';
// ann:s3cret
const BASIC = 'Basic YW5uOnMzY3JldA==';

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

async function connect(
  uri: string,
  options: ClientContainerOptions,
  given = config(),
  endpoint = new Listener(),
): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
  const session = await container.connectToServer(endpoint, given, uri);
  afterTest(() => session.close());
  return session;
}

describe('a tunnel', () => {
  test.each<[server: string, proxy: string, isSecure: boolean, isSecureProxy: boolean]>([
    ['ws:', 'http:', false, false],
    ['wss:', 'http:', true, false],
    ['ws:', 'https:', false, true],
    ['wss:', 'https:', true, true],
  ])('to a %s server through an %s proxy', async (_server, _proxy, isSecure, isSecureProxy) => {
    const server = await new Server({
      host: '127.0.0.1',
      endpoints: [Shout],
      logger: silent,
      ...(isSecure && { tls: TLS }),
    }).start();
    afterTest(() => server.stop({ grace: 50 }));
    const proxy = await ConnectProxy.start(undefined, isSecureProxy ? TLS : undefined);
    const endpoint = new Listener();
    const uri = `${isSecure ? 'wss' : 'ws'}://localhost:${server.port}/shout`;
    const session = await connect(uri, { proxy: { uri: proxy.url(), tls: { ca: TLS.cert } } }, config(), endpoint);
    expect([session.isSecure(), session.getRequestURI().href]).toEqual([isSecure, uri]);
    // More than a socket accepts in one write.
    const text = 'tea '.repeat(1500);
    await session.getBasicRemote().sendText(text);
    expect(await endpoint.heard.next()).toBe(text.toUpperCase());
    expect(proxy.lines).toEqual([`CONNECT localhost:${server.port} HTTP/1.1`]);
    expect([...(proxy.requests[0]?.headers ?? [])]).toEqual([
      ['host', `localhost:${server.port}`],
      ['connection', 'keep-alive'],
    ]);
    expect(Buffer.concat(proxy.carried).includes('GET /shout')).toBe(!isSecure);
    await session.close();
    await proxy.deserted();
  });

  test('has brackets around an IPv6 address, and the port of the scheme', async () => {
    const proxy = await ConnectProxy.start(() => 'HTTP/1.1 403 Forbidden\r\n\r\n');
    for (const uri of ['ws://[2001:db8::1]/', 'wss://prices.example/', 'ws://prices.example:8080/'])
      expect((await rejection(connect(uri, { proxy: proxy.url() }))).code).toBe('WS_CONNECT_PROXY');
    expect(proxy.lines).toEqual([
      'CONNECT [2001:db8::1]:80 HTTP/1.1',
      'CONNECT prices.example:443 HTTP/1.1',
      'CONNECT prices.example:8080 HTTP/1.1',
    ]);
    await proxy.deserted();
  });

  test('verifies the certificate of the server, not of the proxy', async () => {
    const server = await LiteralServer.start(accepting(), TLS);
    const proxy = await ConnectProxy.start();
    const error = await rejection(connect(server.url('/', 'prices.example'), { proxy: proxy.url() }));
    expect([error.code, error.cause.code, error.message]).toEqual([
      'WS_CONNECT_TLS',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      expect.stringContaining(`, through the proxy ${proxy.url()}, did not open the WebSocket`),
    ]);
    await proxy.deserted();
    await server.deserted();
  });

  test('a proxy may require a client certificate', async () => {
    const proxy = await ConnectProxy.start(undefined, { ...TLS, ca: TLS.cert, requestCert: true });
    const error = await rejection(
      connect('ws://prices.example/', { proxy: { uri: proxy.url(), tls: { ca: TLS.cert } } }),
    );
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_PROXY',
      expect.stringMatching(/alert certificate required\. The server may .* pass it as key and cert of proxy\.tls\.$/),
    ]);
    await proxy.deserted();
  });

  test('leaves no tunnel behind if Node rejects the TLS options', async () => {
    const server = await LiteralServer.start(accepting(), TLS);
    const proxy = await ConnectProxy.start();
    const broken = ClientEndpointConfig.Builder.create().sslContext({ cert: 'none', key: 'none' }).build();
    expect((await rejection(connect(server.url(), { proxy: proxy.url() }, broken))).code).toBe('WS_CONNECT_TLS');
    await proxy.deserted();
    await server.deserted();
  });

  test('reports a refusal of the server behind the proxy as the server’s', async () => {
    const server = await LiteralServer.start(status('503 Busy', 'Retry-After: 3'));
    const proxy = await ConnectProxy.start();
    const error = await rejection(connect(server.url(), { proxy: proxy.url() }));
    expect([error.code, error.status, error.retryAfter]).toEqual(['WS_CONNECT_REFUSED', 503, 3000]);
    await proxy.deserted();
    await server.deserted();
  });

  test('ioTimeout applies to the server behind it', async () => {
    const server = await LiteralServer.start(() => undefined);
    const proxy = await ConnectProxy.start();
    const error = await rejection(connect(server.url(), { proxy: proxy.url(), ioTimeout: 60 }));
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_TIMEOUT',
      `${server.url()}, through the proxy ${proxy.url()}, was silent for 60 ms during the handshake (ioTimeout, IO_TIMEOUT_MS).`,
    ]);
    await proxy.deserted();
    await server.deserted();
  });
});

describe('authentication', () => {
  const basic = () => askingFor('Basic realm="proxy"', (one) => one === BASIC);
  const digest = () =>
    askingFor('Basic realm="a", Digest realm="a", qop="auth", nonce="n", algorithm=SHA-256', (one) =>
      /^Digest username="ann", realm="a", uri="127\.0\.0\.1:\d+", algorithm=SHA-256, /.test(one),
    );
  const ann = { username: 'ann', password: 's3cret' };

  test.each<[how: string, answer: TunnelAnswer, option: (proxy: ConnectProxy) => ProxyOption, properties: object]>([
    ['by the URI', basic(), (proxy) => proxy.url('ann:s3cret@'), {}],
    ['by the option, before the URI', basic(), (proxy) => ({ uri: proxy.url('bob:b@'), credentials: ann }), {}],
    [
      'by user properties, named as in the code of Tomcat, before both',
      basic(),
      (proxy) => ({ uri: proxy.url('bob:b@'), credentials: { username: 'bob', password: 'b' } }),
      {
        WS_AUTHENTICATION_PROXY_USER_NAME: 'ann',
        WS_AUTHENTICATION_PROXY_PASSWORD: 's3cret',
        WS_AUTHENTICATION_PROXY_REALM: 'proxy',
      },
    ],
    [
      'by user properties, named as in its documentation',
      basic(),
      (proxy) => proxy.url(),
      {
        WS_PROXY_AUTHENTICATION_USER_NAME: 'ann',
        WS_PROXY_AUTHENTICATION_PASSWORD: 's3cret',
        WS_PROXY_AUTHENTICATION_REALM: 'proxy',
      },
    ],
    ['Digest', digest(), (proxy) => proxy.url('ann:s3cret@'), {}],
    [
      'a 407 with a body, on a connection that stays',
      askingFor('Basic realm="a"', (one) => one === BASIC, 'Content-Length: 200', '', 'x'.repeat(200)),
      (proxy) => proxy.url('ann:s3cret@'),
      {},
    ],
    [
      'percent-encoded',
      askingFor('Basic realm="a"', (one) => one === 'Basic w6Q6OkA='),
      (proxy) => proxy.url('%C3%A4:%3A%40@'),
      {},
    ],
  ])('%s', async (_how, answer, option, properties) => {
    const server = await LiteralServer.start();
    const proxy = await ConnectProxy.start(answer);
    await connect(server.url(), { proxy: option(proxy) }, config({ ...properties }));
    expect(proxy.requests.map(({ headers }) => headers.has('proxy-authorization'))).toEqual([false, true]);
    expect(server.last.headers.has('proxy-authorization')).toBe(false);
  });

  test('answers a 407 on a connection that ends', async () => {
    const server = await LiteralServer.start();
    const asks = basic();
    const proxy = await ConnectProxy.start((request) => {
      const answer = asks(request);
      if (answer === OPENED || answer === undefined) return answer;
      request.socket.end(answer);
      return undefined;
    });
    expect((await connect(server.url(), { proxy: proxy.url('ann:s3cret@') })).isOpen()).toBe(true);
  });

  test('sends server credentials only to the server and proxy credentials only to the proxy', async () => {
    const server = await LiteralServer.start((request) =>
      request.headers.has('authorization')
        ? accepting()(request)
        : status('401 Unauthorized', 'WWW-Authenticate: Basic realm="server"')(request),
    );
    const proxy = await ConnectProxy.start(basic());
    const given = ClientEndpointConfig.Builder.create()
      .configurator(
        Object.assign(new ClientEndpointConfig.Configurator(), {
          beforeRequest: (headers: Map<string, string[]>) => headers.set('Proxy-Authorization', ['Basic x']),
        }),
      )
      .build();
    const credentials = { username: 'bob', password: 'b' };
    await connect(
      server.url(),
      { proxy: { uri: proxy.url('ann:s3cret@'), headers: { 'X-Team': 'tea' } }, credentials },
      given,
    );
    // Each request to the server has its own tunnel.
    expect(proxy.requests.map(({ headers }) => headers.get('proxy-authorization'))).toEqual([
      undefined,
      BASIC,
      undefined,
      BASIC,
    ]);
    for (const { headers } of proxy.requests) {
      expect(headers.has('authorization')).toBe(false);
      expect(headers.get('x-team')).toBe('tea');
    }
    expect(server.requests.map(({ headers }) => headers.get('authorization'))).toEqual([undefined, 'Basic Ym9iOmI=']);
    for (const { headers } of server.requests) {
      expect(headers.has('proxy-authorization')).toBe(false);
      expect(headers.has('x-team')).toBe(false);
    }
  });

  test('a Proxy-Authorization among the headers takes precedence', async () => {
    const server = await LiteralServer.start();
    const proxy = await ConnectProxy.start(askingFor('Basic realm="a"', (one) => one === 'Bearer 1'));
    const headers = { 'proxy-authorization': 'Bearer 1' };
    await connect(server.url(), { proxy: { uri: proxy.url('ann:s3cret@'), headers } });
    expect(proxy.requests).toHaveLength(1);
  });

  test.each<[what: string, user: string, realm: string | undefined, code: string, requests: number, message: RegExp]>([
    [
      'no credentials',
      '',
      undefined,
      'WS_CONNECT_PROXY',
      1,
      /^The proxy http:\/\/127\.0\.0\.1:\d+ answered 407 and requires credentials \(the option/,
    ],
    [
      'credentials that are refused',
      'ann:s3cret@',
      undefined,
      'WS_CONNECT_AUTHENTICATION',
      2,
      /^The proxy http:\/\/127\.0\.0\.1:\d+ answered 407 and did not accept the credentials \(Basic\)/,
    ],
    [
      'another realm',
      'ann:s3cret@',
      'b',
      'WS_CONNECT_REALM',
      1,
      /requires credentials for the realm "a"; yours are for "b"/,
    ],
  ])('%s', async (_what, user, realm, code, requests, message) => {
    const proxy = await ConnectProxy.start(askingFor('Basic realm="a"', () => false));
    const properties =
      realm === undefined
        ? {}
        : {
            WS_AUTHENTICATION_PROXY_USER_NAME: 'ann',
            WS_AUTHENTICATION_PROXY_PASSWORD: 's3cret',
            WS_AUTHENTICATION_PROXY_REALM: realm,
          };
    const error = await rejection(connect('ws://prices.example/', { proxy: proxy.url(user) }, config(properties)));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.status, error.message]).toEqual([code, 407, expect.stringMatching(message)]);
    expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|YW5u/);
    expect(proxy.requests).toHaveLength(requests);
    await proxy.deserted();
  });
});

test.each<[what: string, user: string, code: string, statuses: number[], message: RegExp]>([
  ['no credentials', '', 'WS_CONNECT_PROXY', [401], /answered 401 and requires credentials \(the option/],
  // tinyproxy 1.11: 407, and then 401 for a wrong password.
  [
    'credentials that are refused by 401',
    'ann:s3cret@',
    'WS_CONNECT_AUTHENTICATION',
    [407, 401],
    /answered 401 and does not accept the credentials \(check user name and password\) for a tunnel to ws:/,
  ],
])('a proxy that answers 401 to %s', async (_what, user, code, statuses, message) => {
  const answers = statuses.map((one) => `HTTP/1.0 ${one} No\r\nProxy-Authenticate: Basic realm="a"\r\n\r\n`);
  const proxy = await ConnectProxy.start(() => answers.shift());
  const error = await rejection(connect('ws://prices.example/', { proxy: proxy.url(user) }));
  expect([error.code, error.status, error.message]).toEqual([code, 401, expect.stringMatching(message)]);
  expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|YW5u/);
  expect(proxy.requests).toHaveLength(statuses.length);
  await proxy.deserted();
});

test('a proxy that refuses the Proxy-Authorization of the headers', async () => {
  const proxy = await ConnectProxy.start(askingFor('Basic realm="a"', () => false));
  const headers = { 'Proxy-Authorization': 'Bearer 1' };
  const error = await rejection(connect('ws://prices.example/', { proxy: { uri: proxy.url(), headers } }));
  expect([error.code, error.status]).toEqual(['WS_CONNECT_AUTHENTICATION', 407]);
  expect(error.message).toMatch(/answered 407 and does not accept the credentials/);
});

describe('a proxy that', () => {
  test.each<[does: string, answer: TunnelAnswer, code: string, status: number | undefined, message: RegExp]>([
    [
      'refuses',
      () => 'HTTP/1.1 502 Bad Gateway\r\n\r\n',
      'WS_CONNECT_PROXY',
      502,
      /answered 502 for a tunnel to ws:\/\/prices\.example\/\.$/,
    ],
    [
      'redirects',
      () => 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n',
      'WS_CONNECT_PROXY',
      302,
      /answered 302 for a tunnel/,
    ],
    ['asks to wait', () => 'HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n\r\n', 'WS_CONNECT_PROXY', 503, /answered 503/],
    [
      'sends bytes early',
      () => 'HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n',
      'WS_CONNECT_PROXY',
      200,
      /sent 36 bytes after its answer/,
    ],
    [
      'is none',
      () => 'SSH-2.0-OpenSSH\r\n',
      'WS_CONNECT_PROXY',
      undefined,
      /answered with something other than HTTP\/1\.1/,
    ],
    [
      'has too many headers',
      () => `HTTP/1.0 200 OK\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
      'WS_CONNECT_PROXY',
      undefined,
      /more than 8192 bytes of headers/,
    ],
    [
      'ends the connection',
      ({ socket }) => {
        socket.destroy();
        return undefined;
      },
      'WS_CONNECT_PROXY',
      undefined,
      /did not open a tunnel to prices\.example:80: socket hang up\.$/,
    ],
    ['says nothing', () => undefined, 'WS_CONNECT_TIMEOUT', undefined, /was silent for 100 ms during the handshake/],
  ])('%s', async (_does, answer, code, expected, message) => {
    const proxy = await ConnectProxy.start(answer);
    const uri = 'ws://prices.example/';
    const error = await rejection(connect(`${uri}?token=s3cret`, { proxy: proxy.url('ann:s3cret@'), ioTimeout: 100 }));
    expect([error.code, error.status]).toEqual([code, expected]);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`The proxy ${proxy.url()} `);
    expect(inspect(error, { depth: 9 })).not.toContain('s3cret');
    await proxy.deserted();
  });

  test('cannot be reached', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(connect('ws://prices.example/', { proxy: `http://127.0.0.1:${port}` }));
    expect([error.code, error.cause.code]).toEqual(['WS_CONNECT_PROXY', 'ECONNREFUSED']);
  });

  test('has an untrusted certificate', async () => {
    const proxy = await ConnectProxy.start(undefined, TLS);
    // The endpoint trusts it, but only for the server.
    const error = await rejection(connect('wss://prices.example/', { proxy: proxy.url() }));
    expect([error.code, error.cause.code]).toEqual(['WS_CONNECT_PROXY', 'DEPTH_ZERO_SELF_SIGNED_CERT']);
    await proxy.deserted();
  });

  test('opens a tunnel and then closes it', async () => {
    const proxy = await ConnectProxy.start(({ socket }) => {
      socket.end('HTTP/1.0 200 OK\r\n\r\n');
      return undefined;
    });
    for (const scheme of ['ws', 'wss']) {
      const error = await rejection(connect(`${scheme}://prices.example/`, { proxy: proxy.url() }));
      expect([error.code, error.status]).toEqual(['WS_CONNECT_IO', undefined]);
      expect(error.message).toContain(`through the proxy ${proxy.url()}, did not open the WebSocket`);
    }
    await proxy.deserted();
  });

  test('never ends its answer', async () => {
    const proxy = await ConnectProxy.start(({ socket }) => {
      const drip = setInterval(() => socket.write('x'), 20);
      afterTest(() => clearInterval(drip));
      return 'HTTP/1.0 200 ';
    });
    const error = await rejection(connect('ws://prices.example/', { proxy: proxy.url(), handshakeTimeout: 100 }));
    expect([error.code, error.message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringMatching(/within 100 ms/)]);
    await proxy.deserted();
  });
});

test('selects the proxy again for each server that a redirect leads to', async () => {
  const last = await LiteralServer.start();
  const proxy = await ConnectProxy.start();
  const first = await LiteralServer.start(status('302 Found', `Location: http://last.test:${last.port}/`));
  environment({ ws_proxy: proxy.url() });
  // The first is this machine, and the second is not.
  const session = await connect(first.url(), {});
  expect(proxy.lines).toEqual([`CONNECT last.test:${last.port} HTTP/1.1`]);
  expect(session.getRequestURI().hostname).toBe('last.test');
});

/** Sets these variables for the test, and removes all other proxy variables. */
function environment(variables: Record<string, string>): void {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];
  Object.assign(process.env, variables);
  afterTest(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

describe('the environment', () => {
  test('is read at each connect, and the option overrides it', async () => {
    const server = await LiteralServer.start();
    const proxy = await ConnectProxy.start();
    const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });
    environment({ HTTP_PROXY: proxy.url('ann:s3cret@') });
    const uri = `ws://prices.test:${server.port}/`;
    const session = await container.connectToServer(Listener, uri);
    afterTest(() => session.close());
    expect(proxy.requests).toHaveLength(1);
    // Neither a proxy nor a name; .test is reserved.
    process.env.no_proxy = 'prices.test';
    expect((await rejection(container.connectToServer(Listener, uri))).code).toBe('WS_CONNECT_IO');
    delete process.env.no_proxy;
    expect((await rejection(connect(uri, { proxy: false }))).code).toBe('WS_CONNECT_IO');
    expect(proxy.requests).toHaveLength(1);
  });

  test.each([
    [
      'ftp://ann:s3cret@proxy.test',
      /^The environment variable all_proxy is a URI with http:, https: or socks:, .*, such as http:\/\/proxy\.example:3128; found the scheme ftp: Or set/,
    ],
    ['http://', /found a string that is not a URI/],
    ['http://%E0%A4:s3cret@proxy.test', /is not percent-encoded/],
  ])('%s is not a valid proxy', async (value, message) => {
    environment({ all_proxy: value });
    const error = await rejection(connect('ws://prices.test/', {}));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual(['WS_CONNECT_PROXY', expect.stringMatching(message)]);
    expect(error.message).not.toContain('s3cret');
  });
});

describe('the option', () => {
  test.each<[proxy: unknown, message: RegExp]>([
    [true, /^proxy is a URI, an object .* or false; found true\.$/],
    [null, /found null/],
    ['proxy.example:3128', /^proxy is a URI with http:, https: or .*; found the scheme proxy\.example:$/],
    ['proxy', /found a string that is not a URI/],
    [{ uri: 3 }, /^proxy\.uri is a URI with http:, https: or .*; found 3\.$/],
    [{ uri: 'quic://ann:s3cret@a' }, /found the scheme quic:/],
    [{ uri: 'http://a', credentials: { username: 'ann' } }, /^proxy\.credentials\.password is missing/],
    [{ uri: 'http://a', tls: 'ca' }, /^proxy\.tls is an object of TLS options of Node; found a string\.$/],
    [{ uri: 'http://a', headers: [['a', 'b']] }, /^proxy\.headers is an object of names and values; found an array\.$/],
    [{ uri: 'http://a', headers: { 'a b': 'c' } }, /^proxy\.headers: "a b" cannot be sent/],
    [{ uri: 'http://a', headers: { a: 's3cret\r\n' } }, /^proxy\.headers: "a" cannot be sent/],
    [{ uri: 'http://a', headers: { Host: 'b' } }, /^proxy\.headers: the client itself sets Host/],
    ['http://:s3cret@a', /^proxy\.username is empty/],
  ])('%j throws a DeploymentException', (proxy, message) => {
    expect(() => new ClientContainer({ proxy: proxy as never })).toThrow(message);
    expect(() => new ClientContainer({ proxy: proxy as never })).not.toThrow(/s3cret/);
  });

  test('applies to this machine too', async () => {
    const server = await LiteralServer.start();
    const proxy = await ConnectProxy.start();
    await connect(server.url(), { proxy: new URL(proxy.url()) });
    expect(proxy.requests).toHaveLength(1);
  });
});
