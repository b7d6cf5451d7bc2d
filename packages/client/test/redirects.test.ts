import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClientEndpointConfig, Endpoint, type Session } from '@serval/api';
import { ClientContainer } from '../src';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';

const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });
const P = 'org.apache.tomcat.websocket.';

const fixture = (part: string): Buffer =>
  readFileSync(join(__dirname, `../../server/test/fixtures/localhost.test-${part}.pem`));
const TLS = { key: fixture('key'), cert: fixture('cert') };

class Nothing extends Endpoint {
  override onOpen() {}
}

class Credentials extends ClientEndpointConfig.Configurator {
  responses = 0;
  override beforeRequest(headers: Map<string, string[]>) {
    headers.set('Authorization', ['Bearer secret']);
    headers.set('Cookie', ['session=secret']);
    headers.set('X-Api-Key', ['secret']);
    headers.set('Origin', ['https://example.com']);
  }
  override afterResponse() {
    this.responses++;
  }
}

async function follow(uri: string, config = ClientEndpointConfig.Builder.create().build()): Promise<Session> {
  const session = await container.connectToServer(Nothing, config, uri);
  afterTest(() => session.close());
  return session;
}

const configured = (configurator: Credentials, sslContext?: unknown): ClientEndpointConfig =>
  ClientEndpointConfig.Builder.create().configurator(configurator).sslContext(sslContext).build();

/** Answers by path, and accepts paths without an answer. */
function paths(answers: Record<string, string>): Answer {
  return (request) => {
    const target = answers[request.requestLine.split(' ')[1] ?? ''];
    return target === undefined ? accepting()(request) : status('302 Found', `Location: ${target}`)(request);
  };
}

test.each([300, 301, 302, 303, 305, 307, 308])('follows %d to its Location', async (code) => {
  const server = await LiteralServer.start((request) =>
    request.requestLine.includes('/old')
      ? status(`${code} Moved`, 'Location: /new?x=1#top')(request)
      : accepting()(request),
  );
  const configurator = new Credentials();
  const session = await follow(server.url('/old'), configured(configurator));
  expect(session.getRequestURI().href).toBe(server.url('/new?x=1'));
  expect(configurator.responses).toBe(2);
  const keys = server.requests.map(({ headers }) => headers.get('sec-websocket-key'));
  expect(keys[0]).not.toBe(keys[1]);
  // The same origin receives the same headers as in the first request.
  expect(server.last.headers.get('authorization')).toBe('Bearer secret');
  expect(server.openConnections).toBe(1);
});

test('treats http: as ws:, and resolves a relative Location', async () => {
  const server = await LiteralServer.start((request) =>
    paths({ '/a/b': `http://127.0.0.1:${server.port}/c/d`, '/c/d': 'e' })(request),
  );
  expect((await follow(server.url('/a/b'))).getRequestURI().href).toBe(server.url('/c/e'));
});

test('treats 304 and 306 as refusals', async () => {
  const server = await LiteralServer.start(status('306 Switch Proxy', 'Location: /new'));
  expect((await rejection(follow(server.url()))).code).toBe('WS_CONNECT_REFUSED');
});

describe('another origin', () => {
  test('receives no credentials, nor does the first one after a redirect back', async () => {
    const home = await LiteralServer.start((request) => paths({ '/': away.url('/away') })(request));
    const away = await LiteralServer.start((request) => paths({ '/away': home.url('/back') })(request));
    await follow(home.url(), configured(new Credentials()));
    const [first, back] = home.requests;
    expect([
      first?.headers.get('authorization'),
      first?.headers.get('cookie'),
      first?.headers.get('x-api-key'),
    ]).toEqual(['Bearer secret', 'session=secret', 'secret']);
    for (const request of [away.last, back]) {
      expect(request?.headers.get('origin')).toBe('https://example.com');
      for (const name of ['authorization', 'cookie', 'x-api-key']) expect(request?.headers.has(name)).toBe(false);
    }
  });

  test('includes ws: instead of wss: on the same host', async () => {
    const plain = await LiteralServer.start();
    const secure = await LiteralServer.start(paths({ '/': plain.url() }), TLS);
    const session = await follow(secure.url(), configured(new Credentials(), { ca: TLS.cert }));
    expect(session.isSecure()).toBe(false);
    expect(secure.last.headers.has('authorization')).toBe(true);
    expect(plain.last.headers.has('authorization')).toBe(false);
    expect(plain.last.headers.has('cookie')).toBe(false);
  });

  test('receives no client certificate, and must be trusted by the same authorities', async () => {
    const mutual = { ...TLS, requestCert: true, rejectUnauthorized: false };
    const shown: Record<string, boolean> = {};
    const away = await LiteralServer.start((request) => accepting()(request), mutual);
    const home = await LiteralServer.start((request) => paths({ '/': away.url('/', 'localhost') })(request), mutual);
    for (const [name, server] of Object.entries({ home, away }))
      server.onSecure((socket) => (shown[name] = Object.keys(socket.getPeerCertificate()).length > 0));
    const session = await follow(home.url(), configured(new Credentials(), { ca: TLS.cert, ...TLS }));
    expect(session.isSecure()).toBe(true);
    expect(shown).toEqual({ home: true, away: false });
  });
});

describe('WS_CONNECT_REDIRECT', () => {
  test.each<[what: string, answer: Answer, message: RegExp]>([
    [
      'a loop',
      paths({ '/': '/a', '/a': '/' }),
      /answered 302, a redirect, to .*\/, which the client has already visited\.$/,
    ],
    ['a redirect to itself', paths({ '/': '/' }), /which the client has already visited/],
    ['no Location', status('302 Found'), /answered 302, but its Location is missing\.$/],
    ['a Location that is not a URI', status('302 Found', 'Location: http://'), /its Location is not a URI/],
  ])('%s', async (_what, answer, message) => {
    const server = await LiteralServer.start(answer);
    const error = await rejection(follow(server.url()));
    expect([error.code, error.status, error.message]).toEqual([
      'WS_CONNECT_REDIRECT',
      302,
      expect.stringMatching(message),
    ]);
    await server.deserted();
  });

  test('more redirects than 20 or MAX_REDIRECTIONS', async () => {
    const server = await LiteralServer.start(({ requestLine }) => {
      const count = Number(requestLine.split(' ')[1]?.slice(1));
      return status('302 Found', `Location: /${count + 1}`)({} as never);
    });
    const error = await rejection(follow(server.url('/0')));
    expect(error.message).toMatch(/the client follows at most 20 \(maxRedirections, MAX_REDIRECTIONS\)\.$/);
    expect(server.requests).toHaveLength(21);
    for (const [value, requests] of [
      ['0', 1],
      [2, 3],
    ] as const) {
      server.requests.length = 0;
      const config = ClientEndpointConfig.Builder.create().build();
      config.getUserProperties().set(`${P}MAX_REDIRECTIONS`, value);
      expect((await rejection(follow(server.url('/0'), config))).code).toBe('WS_CONNECT_REDIRECT');
      expect(server.requests).toHaveLength(requests);
    }
    await server.deserted();
  });

  test.each([
    ['ftp://127.0.0.1/', /scheme of a WebSocket is ws: or wss:; found ftp:/],
    ['ws://ann:secret@127.0.0.1/', /user information/],
  ])('to %s is WS_CONNECT_BAD_URI', async (location, message) => {
    const server = await LiteralServer.start(status('302 Found', `Location: ${location}`));
    const error = await rejection(follow(server.url()));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_BAD_URI', 302]);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('secret');
  });
});
