import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type TLSSocket } from 'node:tls';
import {
  ClientEndpointConfig,
  Endpoint,
  HandshakeException,
  OnMessage,
  ServerEndpoint,
  type Session,
} from '@serval/api';
import { Server } from '@serval/server';
import { ClientContainer } from '../src';
import { withoutIdentity } from '../src/tls-options';
import { accepting, LiteralServer } from './literal-server';
import { afterTest, Inbox, rejection, silent } from '../../testing/test/toolbox';

const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });

// Self-signed, for localhost and 127.0.0.1.
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

async function start(): Promise<Server> {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Shout], tls: TLS, logger: silent }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

const trusting = (sslContext: unknown): ClientEndpointConfig =>
  ClientEndpointConfig.Builder.create().sslContext(sslContext).build();

test.each<[how: string, host: string, sslContext: unknown]>([
  ['TLS options, a host name', 'localhost', { ca: TLS.cert }],
  ['TLS options, an address', '127.0.0.1', { ca: TLS.cert }],
  ['a SecureContext', 'localhost', createSecureContext({ ca: TLS.cert })],
])('sslContext makes the client trust a self-signed certificate: %s', async (_how, host, sslContext) => {
  const server = await start();
  const endpoint = new Listener();
  const session = await container.connectToServer(endpoint, trusting(sslContext), `wss://${host}:${server.port}/shout`);
  expect(session.isSecure()).toBe(true);
  expect(session.getRequestURI().protocol).toBe('wss:');
  await session.getBasicRemote().sendText('hello');
  expect(await endpoint.heard.next()).toBe('HELLO');
  await session.close();
});

test.each<[what: string, config: ClientEndpointConfig | null, cause: string]>([
  ['none', null, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  // As if the server were another one.
  ['another host name', trusting({ ca: TLS.cert, servername: 'prices.example' }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
])('rejects a self-signed certificate without it: %s', async (_what, config, cause) => {
  const server = await LiteralServer.start(accepting(), TLS);
  const error = await rejection(container.connectToServer(Listener, config, server.url()));
  expect([error.code, error.cause.code]).toEqual(['WS_CONNECT_TLS', cause]);
  expect(server.requests).toHaveLength(0);
  await server.deserted();
});

test('verifies the host name of the URI, even if beforeRequest changes Host', async () => {
  class Elsewhere extends ClientEndpointConfig.Configurator {
    override beforeRequest(headers: Map<string, string[]>) {
      headers.set('Host', ['prices.example']);
    }
  }
  const server = await LiteralServer.start(accepting(), TLS);
  const names: unknown[] = [];
  server.onSecure((socket: TLSSocket & { servername?: unknown }) => names.push(socket.servername));
  const config = ClientEndpointConfig.Builder.create()
    .sslContext({ ca: TLS.cert })
    .configurator(new Elsewhere())
    .build();
  const session = await container.connectToServer(Listener, config, server.url('/', 'localhost'));
  afterTest(() => session.close());
  expect(names).toEqual(['localhost']);
});

test('options of sslContext cannot change the destination', async () => {
  const server = await LiteralServer.start(accepting(), TLS);
  const config = trusting({ ca: TLS.cert, host: 'prices.example', port: 1, path: '/elsewhere', method: 'POST' });
  const session = await container.connectToServer(Listener, config, server.url('/here'));
  afterTest(() => session.close());
  expect(server.last.requestLine).toBe('GET /here HTTP/1.1');
});

const MISSING = /\. The server may require a client certificate; pass it as key and cert of sslContext\.$/;
const REFUSED = /\. The server may not accept the client's certificate; check key and cert of sslContext\.$/;

test.each<[certificate: string, tls: object, sslContext: object, found: RegExp, hint: RegExp]>([
  ['is missing, by TLS 1.3', { ca: TLS.cert }, {}, /WebSocket: tlsv13 alert certificate required\./, MISSING],
  [
    'is missing, by TLS 1.2',
    { ca: TLS.cert, maxVersion: 'TLSv1.2' },
    {},
    /WebSocket: \S+ alert handshake failure\./,
    MISSING,
  ],
  // A server on Node ends the connection without an alert.
  ['is not trusted, by TLS 1.3', {}, TLS, /WebSocket: (socket hang up|read ECONNRESET)\./, REFUSED],
  [
    'is not trusted, by TLS 1.2',
    { maxVersion: 'TLSv1.2' },
    TLS,
    /WebSocket: (.* disconnected before secure .*|read ECONNRESET)\./,
    REFUSED,
  ],
])('the message gives a hint when the client’s certificate %s', async (_what, tls, sslContext, found, hint) => {
  const server = await LiteralServer.start(accepting(), { ...TLS, requestCert: true, ...tls });
  const error = await rejection(
    container.connectToServer(Listener, trusting({ ca: TLS.cert, ...sslContext }), server.url()),
  );
  // A server that only disconnects may have done so for any reason.
  expect(error.code).toBe(hint === MISSING ? 'WS_CONNECT_TLS' : 'WS_CONNECT_IO');
  expect(error.message).toMatch(found);
  expect(error.message).toMatch(hint);
  expect(server.requests).toHaveLength(0);
  await server.deserted();
});

test('an end without a response causes no hint about a certificate if the client has none', async () => {
  const server = await LiteralServer.start(({ connection }) => void connection.end(), TLS);
  const error = await rejection(container.connectToServer(Listener, trusting({ ca: TLS.cert }), server.url()));
  expect([error.code, error.message]).toEqual(['WS_CONNECT_IO', expect.stringMatching(/socket hang up\.$/)]);
  await server.deserted();
});

test('rejects an sslContext that Node does not accept', async () => {
  const server = await LiteralServer.start(accepting(), TLS);
  const error = await rejection(
    container.connectToServer(Listener, trusting({ cert: 'none', key: 'none' }), server.url()),
  );
  expect(error).toBeInstanceOf(HandshakeException);
  expect([error.code, error.message]).toEqual([
    'WS_CONNECT_TLS',
    expect.stringMatching(/did not open the WebSocket: .*PEM/),
  ]);
  await server.deserted();
});

test('reports a server without TLS', async () => {
  const server = await LiteralServer.start(() => undefined);
  const uri = server.url().replace('ws:', 'wss:');
  const error = await rejection(new ClientContainer({ logger: silent, ioTimeout: 100 }).connectToServer(Listener, uri));
  expect(['WS_CONNECT_TLS', 'WS_CONNECT_TIMEOUT']).toContain(error.code);
  await server.deserted();
});

test('removes everything that identifies the client for another origin, from files and engines', () => {
  const identity = {
    ...{ key: 'k', cert: 'c', pfx: 'p', passphrase: 'w', pskCallback: () => null },
    ...{ clientCertEngine: 'pkcs11', privateKeyEngine: 'pkcs11', privateKeyIdentifier: 'slot 1' },
  };
  expect(withoutIdentity({ ca: 'authority', minVersion: 'TLSv1.3', ...identity })).toEqual({
    ca: 'authority',
    minVersion: 'TLSv1.3',
  });
});
