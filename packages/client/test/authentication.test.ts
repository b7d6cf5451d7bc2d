import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ClientEndpointConfig, Endpoint, HandshakeException, type Session } from '@serval/api';
import { ClientContainer, type ClientContainerOptions } from '../src';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';

const P = 'org.apache.tomcat.websocket.';
const ANN = { username: 'ann', password: 's3cret' };
// ann:s3cret
const BASIC = 'Basic YW5uOnMzY3JldA==';

const fixture = (part: string): Buffer =>
  readFileSync(join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`));
const TLS = { key: fixture('key'), cert: fixture('cert') };

class Nothing extends Endpoint {
  override onOpen() {}
}

const builder = () => ClientEndpointConfig.Builder.create();

function withProperties(properties: Record<string, unknown>): ClientEndpointConfig {
  const config = builder().build();
  for (const [name, value] of Object.entries(properties)) config.getUserProperties().set(P + name, value);
  return config;
}

async function connect(
  uri: string,
  options: ClientContainerOptions = { credentials: ANN },
  config = builder().build(),
): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
  const session = await container.connectToServer(Nothing, config, uri);
  afterTest(() => session.close());
  return session;
}

/** Sends a challenge until a request has the right credentials; by default, any. */
function asking(challenges: readonly string[], isRight = (authorization: string) => authorization !== ''): Answer {
  return (request) =>
    isRight(request.headers.get('authorization') ?? '')
      ? accepting()(request)
      : status('401 Unauthorized', ...challenges.map((one) => `WWW-Authenticate: ${one}`))(request);
}

describe('credentials', () => {
  test.each<[how: string, options: ClientContainerOptions, properties: Record<string, unknown>]>([
    ['as an option', { credentials: ANN }, {}],
    [
      'as user properties of Tomcat',
      {},
      { WS_AUTHENTICATION_USER_NAME: 'ann', WS_AUTHENTICATION_PASSWORD: 's3cret', WS_AUTHENTICATION_REALM: 'prices' },
    ],
    [
      'as user properties, which go first',
      { credentials: { username: 'bob', password: 'b' } },
      { WS_AUTHENTICATION_USER_NAME: 'ann', WS_AUTHENTICATION_PASSWORD: 's3cret' },
    ],
  ])('%s', async (_how, options, properties) => {
    const server = await LiteralServer.start(asking(['Basic realm="prices"'], (one) => one === BASIC));
    const session = await connect(server.url('/a?b=c'), options, withProperties(properties));
    expect(session.isOpen()).toBe(true);
    const [first, second] = server.requests;
    // The client does not send them without a challenge.
    expect(first?.headers.has('authorization')).toBe(false);
    expect(second?.headers.get('authorization')).toBe(BASIC);
    expect(second?.requestLine).toBe('GET /a?b=c HTTP/1.1');
    expect(second?.headers.get('sec-websocket-key')).not.toBe(first?.headers.get('sec-websocket-key'));
    expect([server.requests.length, server.openConnections]).toEqual([2, 1]);
  });

  test('are not sent without a challenge', async () => {
    const server = await LiteralServer.start();
    await connect(server.url());
    expect(server.requests).toHaveLength(1);
    expect(server.last.headers.has('authorization')).toBe(false);
  });

  test('answers the strongest Digest challenge among all values of the header', async () => {
    const server = await LiteralServer.start(
      asking([
        'Basic realm="a"',
        'Digest realm="a", qop="auth", nonce="n", algorithm=MD5, Digest realm="a", qop="auth", nonce="n", algorithm=SHA-256',
      ]),
    );
    await connect(server.url('/a?b=c'));
    expect(server.last.headers.get('authorization')).toMatch(
      /^Digest username="ann", realm="a", uri="\/a\?b=c", algorithm=SHA-256, nonce="n", nc=00000001, /,
    );
  });

  test('afterResponse also receives the 401, and beforeRequest runs for each request', async () => {
    const seen: unknown[] = [];
    const configurator = Object.assign(new ClientEndpointConfig.Configurator(), {
      beforeRequest: (headers: Map<string, string[]>) => seen.push(headers.has('Authorization')),
      afterResponse: (response: { getHeaders(): Map<string, string[]> }) =>
        seen.push(response.getHeaders().get('WWW-Authenticate')),
    });
    const server = await LiteralServer.start(asking(['Basic realm="a"']));
    await connect(server.url(), { credentials: ANN }, builder().configurator(configurator).build());
    expect(seen).toEqual([false, ['Basic realm="a"'], false, undefined]);
  });

  test('an Authorization header from beforeRequest takes precedence', async () => {
    const configurator = Object.assign(new ClientEndpointConfig.Configurator(), {
      beforeRequest: (headers: Map<string, string[]>) => headers.set('authorization', ['Bearer 4711']),
    });
    const config = builder().configurator(configurator).build();
    const server = await LiteralServer.start(asking(['Basic realm="a"'], (one) => one === BASIC));
    const error = await rejection(connect(server.url(), { credentials: ANN }, config));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', 401]);
    expect(server.requests.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer 4711']);
  });
});

describe('stale', () => {
  const digest = (nonce: string, more = '') => `Digest realm="a", qop="auth", nonce="${nonce}"${more}`;

  test('replaces a stale nonce with the new one', async () => {
    const server = await LiteralServer.start((request) => {
      const authorization = request.headers.get('authorization') ?? '';
      if (authorization.includes('nonce="2"')) return accepting()(request);
      return asking([authorization === '' ? digest('1') : digest('2', ', stale=TRUE')], () => false)(request);
    });
    await connect(server.url());
    expect(server.requests).toHaveLength(3);
  });

  test('accepts a stale nonce only once', async () => {
    const server = await LiteralServer.start(asking([digest('1', ', stale=true')], () => false));
    const error = await rejection(connect(server.url()));
    expect([error.code, server.requests.length]).toEqual(['WS_CONNECT_AUTHENTICATION', 3]);
    await server.deserted();
  });
});

describe('what fails', () => {
  test.each<
    [what: string, challenges: string[], realm: string | undefined, code: string, requests: number, message: RegExp]
  >([
    [
      'a second 401',
      ['Basic realm="a"'],
      undefined,
      'WS_CONNECT_AUTHENTICATION',
      2,
      /did not accept the credentials \(Basic\)/,
    ],
    [
      'a scheme that is not understood',
      ['Negotiate'],
      undefined,
      'WS_CONNECT_AUTHENTICATION',
      1,
      /by Negotiate; expected Basic/,
    ],
    ['no challenge', [], undefined, 'WS_CONNECT_AUTHENTICATION', 1, /by no WWW-Authenticate/],
    ['another realm', ['Basic realm="a"'], 'b', 'WS_CONNECT_REALM', 1, /for the realm "a"; yours are for "b"/],
  ])('%s', async (_what, challenges, realm, code, requests, message) => {
    const server = await LiteralServer.start(asking(challenges, () => false));
    const error = await rejection(connect(server.url(), { credentials: { ...ANN, realm } }));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.status, error.message]).toEqual([code, 401, expect.stringMatching(message)]);
    expect(inspect(error, { depth: 9 })).not.toMatch(/s3cret|YW5u/);
    expect(server.requests).toHaveLength(requests);
    await server.deserted();
  });

  test('a 401 without credentials fails with a message that names the option', async () => {
    const server = await LiteralServer.start(asking(['Basic realm="a"']));
    const error = await rejection(connect(server.url(), {}));
    expect([error.code, error.status, error.message]).toEqual([
      'WS_CONNECT_REFUSED',
      401,
      expect.stringContaining(
        'the option credentials, or the user properties WS_AUTHENTICATION_USER_NAME and _PASSWORD',
      ),
    ]);
  });

  test.each([
    [{ WS_AUTHENTICATION_USER_NAME: 'ann' }, /WS_AUTHENTICATION_PASSWORD is missing/],
    [{ WS_AUTHENTICATION_PASSWORD: 's3cret' }, /WS_AUTHENTICATION_USER_NAME is missing/],
    [{ WS_AUTHENTICATION_USER_NAME: '', WS_AUTHENTICATION_PASSWORD: '' }, /WS_AUTHENTICATION_USER_NAME is empty/],
    [
      { WS_AUTHENTICATION_USER_NAME: 'ann', WS_AUTHENTICATION_PASSWORD: 3 },
      /WS_AUTHENTICATION_PASSWORD is a string; found number/,
    ],
    [
      { WS_AUTHENTICATION_USER_NAME: 'ann', WS_AUTHENTICATION_PASSWORD: '', WS_AUTHENTICATION_REALM: 3 },
      /WS_AUTHENTICATION_REALM is a string; found number/,
    ],
    [
      { WS_AUTHENTICATION_USER_NAME: 'ann\r\nX-Admin: 1', WS_AUTHENTICATION_PASSWORD: 's3cret' },
      /^(?!.*Admin).*WS_AUTHENTICATION_USER_NAME has a control character/,
    ],
    [
      { WS_AUTHENTICATION_USER_NAME: 'ann', WS_AUTHENTICATION_PASSWORD: 's3cret\n' },
      /^(?!.*s3cret).*WS_AUTHENTICATION_PASSWORD has a control character/,
    ],
  ])('user properties %j fail before any request', async (properties, message) => {
    const server = await LiteralServer.start();
    const error = await rejection(connect(server.url(), {}, withProperties(properties)));
    expect([error.code, error.message]).toEqual(['WS_DEPLOY_BAD_OPTION', expect.stringMatching(message)]);
    expect(error.message).not.toContain('s3cret');
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    ['ann', /^credentials is an object \{ username, password, realm\? \}; found string\.$/],
    [null, /found null/],
    [{ username: 'ann' }, /^credentials\.password is missing/],
    [{ username: 1, password: 's3cret' }, /^credentials\.username is a string; found number\.$/],
  ])('the option %j is rejected', (credentials, message) => {
    expect(() => new ClientContainer({ credentials: credentials as never })).toThrow(message);
  });
});

describe('redirects', () => {
  const redirecting =
    (target: () => string): Answer =>
    (request) =>
      status('302 Found', `Location: ${target()}`)(request);

  test('within the origin, each request is authenticated separately', async () => {
    const server = await LiteralServer.start((request) => {
      const isNew = request.requestLine.includes('/new');
      if (!request.headers.has('authorization')) return asking(['Basic realm="a"'])(request);
      return isNew ? accepting()(request) : redirecting(() => '/new')(request);
    });
    await connect(server.url('/old'));
    expect(server.requests.map(({ headers }) => headers.get('authorization'))).toEqual([
      undefined,
      BASIC,
      undefined,
      BASIC,
    ]);
  });

  test('another origin does not receive them, nor does the first one after a redirect back', async () => {
    let round = 0;
    const home = await LiteralServer.start((request) =>
      round++ === 0 ? redirecting(() => away.url())(request) : asking(['Basic realm="a"'])(request),
    );
    const away = await LiteralServer.start(redirecting(() => home.url('/back')));
    const error = await rejection(connect(home.url()));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', 401]);
    const elsewhere = await LiteralServer.start(asking(['Basic realm="a"']));
    const towards = await LiteralServer.start(redirecting(() => elsewhere.url()));
    expect((await rejection(connect(towards.url()))).code).toBe('WS_CONNECT_REFUSED');
    for (const server of [home, away, elsewhere, towards]) {
      for (const { headers } of server.requests) expect(headers.has('authorization')).toBe(false);
      await server.deserted();
    }
  });

  test('CVE-2026-42498: credentials sent before a redirect are not sent after it, in particular from wss: to ws:', async () => {
    const plain = await LiteralServer.start(asking(['Basic realm="a"']));
    const secure = await LiteralServer.start(
      (request) =>
        request.headers.has('authorization')
          ? redirecting(() => plain.url())(request)
          : asking(['Basic realm="a"'])(request),
      TLS,
    );
    const config = builder().sslContext({ ca: TLS.cert }).build();
    const error = await rejection(connect(secure.url(), { credentials: ANN }, config));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_REFUSED', 401]);
    expect(secure.last.headers.get('authorization')).toBe(BASIC);
    expect(plain.requests.map(({ headers }) => headers.has('authorization'))).toEqual([false]);
  });
});

test('warns about none of the user properties', async () => {
  const warnings: string[] = [];
  const server = await LiteralServer.start();
  await connect(
    server.url(),
    { logger: { ...silent, warn: (message) => void warnings.push(message) } },
    withProperties({
      WS_AUTHENTICATION_USER_NAME: 'a',
      WS_AUTHENTICATION_PASSWORD: 'b',
      WS_AUTHENTICATION_REALM: 'c',
      WS_AUTHENTICATION_PROXY_USER_NAME: 'a',
      WS_AUTHENTICATION_PROXY_PASSWORD: 'b',
      WS_AUTHENTICATION_PROXY_REALM: 'c',
      WS_PROXY_AUTHENTICATION_USER_NAME: 'a',
      WS_PROXY_AUTHENTICATION_PASSWORD: 'b',
      WS_PROXY_AUTHENTICATION_REALM: 'c',
      DEFAULT_ORIGIN_HEADER_VALUE: 'https://example.com',
      SSL_CONTEXT: {},
      SSL_PROTOCOLS: 'TLSv1.3',
      SSL_TRUSTSTORE: 'none',
      SSL_TRUSTSTORE_PWD: 'changeit',
    }),
  );
  expect(warnings).toEqual([]);
});
