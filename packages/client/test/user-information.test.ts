import { inspect } from 'node:util';
import { ClientEndpointConfig, Endpoint, HandshakeException, type Session } from '@serval/api';
import { connect, ClientContainer, type ClientContainerOptions } from '../src';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';

// ann:s3cret
const BASIC = 'Basic YW5uOnMzY3JldA==';

class Nothing extends Endpoint {
  override onOpen() {}
}

async function open(uri: string | URL, options: ClientContainerOptions = {}, given = config()): Promise<Session> {
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200, ...options });
  const session = await container.connectToServer(Nothing, given, uri);
  afterTest(() => session.close());
  return session;
}

function config(headers: Readonly<Record<string, string>> = {}): ClientEndpointConfig {
  const configurator = Object.assign(new ClientEndpointConfig.Configurator(), {
    beforeRequest(map: Map<string, string[]>) {
      for (const [name, value] of Object.entries(headers)) map.set(name, [value]);
    },
  });
  return ClientEndpointConfig.Builder.create().configurator(configurator).build();
}

const authorizations = (server: LiteralServer): (string | undefined)[] =>
  server.requests.map(({ headers }) => headers.get('authorization'));

const refusing = (...challenges: readonly string[]): Answer =>
  status('401 Unauthorized', ...challenges.map((one) => `WWW-Authenticate: ${one}`));

test.each<[userInformation: string, authorization: string]>([
  ['ann:s3cret', BASIC],
  ['ann', 'Basic YW5uOg=='],
  ['%C3%A4:p%40%3A%25', `Basic ${Buffer.from('ä:p@:%').toString('base64')}`],
])('sends the user information %s as Basic credentials, before any challenge', async (user, authorization) => {
  const server = await LiteralServer.start();
  const session = await open(server.url('/a?b=c').replace('//', `//${user}@`));
  expect(authorizations(server)).toEqual([authorization]);
  expect(server.last.requestLine).toBe('GET /a?b=c HTTP/1.1');
  expect(server.last.headers.get('host')).toBe(`127.0.0.1:${server.port}`);
  expect(session.getRequestURI().href).toBe(server.url('/a?b=c'));
});

test('reads them from a URL without changing it', async () => {
  const server = await LiteralServer.start();
  const uri = new URL(server.url().replace('//', '//ann:s3cret@'));
  await open(uri);
  expect(authorizations(server)).toEqual([BASIC]);
  expect(uri.password).toBe('s3cret');
});

test('they override those of the options, and an Authorization from beforeRequest overrides them', async () => {
  const server = await LiteralServer.start();
  const uri = server.url().replace('//', '//ann:s3cret@');
  await open(uri, { credentials: { username: 'bob', password: 'b' } });
  await open(uri, {}, config({ Authorization: 'Bearer 1' }));
  expect(authorizations(server)).toEqual([BASIC, 'Bearer 1']);
});

test('answers a Digest challenge with Digest', async () => {
  const server = await LiteralServer.start((request) =>
    request.headers.get('authorization')?.startsWith('Digest username="ann"') === true
      ? accepting()(request)
      : refusing('Basic realm="a"', 'Digest realm="a", nonce="1", qop="auth", algorithm=SHA-256')(request),
  );
  await open(server.url().replace('//', '//ann:s3cret@'));
  expect(authorizations(server)).toEqual([BASIC, expect.stringMatching(/^Digest /)]);
});

test.each<[string, readonly string[], number]>([
  ['Basic', ['Basic realm="a"'], 1],
  ['Digest', ['Digest realm="a", nonce="1", qop="auth"'], 2],
])('sends no further request after a server refuses them by %s', async (_scheme, challenges, requests) => {
  const server = await LiteralServer.start(refusing(...challenges));
  const error = await rejection(open(server.url().replace('//', '//ann:s3cret@')));
  expect(error).toBeInstanceOf(HandshakeException);
  expect([error.code, error.message]).toEqual([
    'WS_CONNECT_AUTHENTICATION',
    expect.stringMatching(/did not accept the credentials/),
  ]);
  expect(server.requests).toHaveLength(requests);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/s3cret|YW5u/);
  await server.deserted();
});

test('a name that Basic cannot carry fails before any request', async () => {
  const server = await LiteralServer.start();
  const error = await rejection(open(server.url().replace('//', '//a%3Ab:s3cret@')));
  expect([error.code, error.message]).toEqual([
    'WS_CONNECT_AUTHENTICATION',
    expect.stringMatching(/credentials cannot be sent to .*: Basic does not allow a colon/),
  ]);
  expect(server.requests).toEqual([]);
});

test('a redirect within the origin keeps them, one to another origin does not', async () => {
  const other = await LiteralServer.start();
  const server = await LiteralServer.start((request) =>
    request.requestLine.includes('/first')
      ? status('302 Found', 'Location: /second')(request)
      : status('302 Found', `Location: ${other.url()}`)(request),
  );
  await open(server.url('/first').replace('//', '//ann:s3cret@'));
  expect(authorizations(server)).toEqual([BASIC, BASIC]);
  expect(authorizations(other)).toEqual([undefined]);
});

test('connect sends them with each attempt and never shows them', async () => {
  const server = await LiteralServer.start();
  const hush = 'Basic YW5uOmh1c2g=';
  const uri = server.url().replace('//', '//ann:hush@');
  const told: unknown[] = [];
  const logger = {
    error: (...all: unknown[]) => told.push(all),
    warn: (...all: unknown[]) => told.push(all),
    debug: (...all: unknown[]) => told.push(all),
  };
  const connection = await connect(uri, {
    logger,
    onText() {},
    reconnect: { minDelay: 0, initialDelay: 0, minUptime: 0 },
  });
  afterTest(() => connection.close());
  server.last.connection.destroy();
  while (server.requests.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  expect(authorizations(server)).toEqual([hush, hush]);
  const shown = inspect([connection, told], { depth: 10 });
  expect(shown).not.toMatch(/hush|YW5uOmh1c2g/);
});
