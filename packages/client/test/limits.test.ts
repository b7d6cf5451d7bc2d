import { createServer, type AddressInfo } from 'node:net';
import {
  ClientEndpointConfig,
  Decoder,
  Endpoint,
  HandshakeException,
  type CloseReason,
  type Session,
} from '@serval/api';
import { ClientContainer } from '../src';
import { accepting, LiteralServer } from './literal-server';
import { afterTest, rejection, silent } from '../../testing/test/toolbox';

const P = 'org.apache.tomcat.websocket.';

class Nothing extends Endpoint {
  override onOpen() {}
}

function configWith(properties: Record<string, unknown>): ClientEndpointConfig {
  const config = ClientEndpointConfig.Builder.create().build();
  for (const [name, value] of Object.entries(properties)) config.getUserProperties().set(name, value);
  return config;
}

describe('ioTimeout', () => {
  test.each<[how: string, options: object, properties: Record<string, unknown>]>([
    ['as an option', { ioTimeout: 60 }, {}],
    ['as a user property of Tomcat', {}, { [`${P}IO_TIMEOUT_MS`]: '60' }],
    ['as a number', { ioTimeout: 5000 }, { [`${P}IO_TIMEOUT_MS`]: 60 }],
  ])('%s ends the wait for a response', async (_how, options, properties) => {
    const server = await LiteralServer.start(() => undefined);
    const container = new ClientContainer({ logger: silent, ...options });
    const error = await rejection(container.connectToServer(Nothing, configWith(properties), server.url()));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual(['WS_CONNECT_TIMEOUT', expect.stringMatching(/was silent for 60 ms/)]);
    await server.deserted();
  });

  test('ends the wait for a TLS handshake', async () => {
    // A TCP server that sends nothing.
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterTest(() => new Promise((resolve) => server.close(resolve)));
    const container = new ClientContainer({ logger: silent, ioTimeout: 60 });
    const uri = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const error = await rejection(container.connectToServer(Nothing, uri));
    expect(error.code).toBe('WS_CONNECT_TIMEOUT');
    // The clean-up would wait for a leftover connection.
  });

  test('does not apply to the session', async () => {
    const server = await LiteralServer.start();
    const container = new ClientContainer({ logger: silent, ioTimeout: 500, sessionCloseTimeout: 100 });
    const session = await container.connectToServer(Nothing, server.url());
    afterTest(() => session.close());
    // A handshake that begins later is not answered, and reaches the limit.
    const silentServer = await LiteralServer.start(() => undefined);
    const error = await rejection(container.connectToServer(Nothing, silentServer.url()));
    expect(error.code).toBe('WS_CONNECT_TIMEOUT');
    expect(session.isOpen()).toBe(true);
    expect(server.openConnections).toBe(1);
  });
});

describe('handshakeTimeout', () => {
  const container = new ClientContainer({ logger: silent, handshakeTimeout: 100, ioTimeout: 5000 });
  const never = new Promise<never>(() => undefined);

  test('ends a handshake that keeps going', async () => {
    const server = await LiteralServer.start(({ connection }) => {
      const drip = setInterval(() => connection.send('HTTP'), 20);
      afterTest(() => clearInterval(drip));
      return undefined;
    });
    // Each byte resets ioTimeout, and this server never ends a line.
    const slow = await LiteralServer.start(({ connection }) => {
      connection.send('HTTP/1.1 101 ');
      const drip = setInterval(() => connection.send('x'), 20);
      afterTest(() => clearInterval(drip));
      return undefined;
    });
    const error = await rejection(container.connectToServer(Nothing, slow.url()));
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_TIMEOUT',
      expect.stringMatching(/was not connected within 100 ms \(handshakeTimeout\)\.$/),
    ]);
    await slow.deserted();
    expect(server.requests).toHaveLength(0);
  });

  test.each<[method: string, configurator: ClientEndpointConfig.Configurator]>([
    ['beforeRequest', Object.assign(new ClientEndpointConfig.Configurator(), { beforeRequest: () => never })],
    ['afterResponse', Object.assign(new ClientEndpointConfig.Configurator(), { afterResponse: () => never })],
  ])('ends the wait for %s', async (_method, configurator) => {
    const server = await LiteralServer.start();
    const config = ClientEndpointConfig.Builder.create().configurator(configurator).build();
    const error = await rejection(container.connectToServer(Nothing, config, server.url()));
    expect(error.code).toBe('WS_CONNECT_TIMEOUT');
    await server.deserted();
  });

  test('ends the wait for a codec’s init, and destroys a codec that is ready too late', async () => {
    let ready: () => void = () => undefined;
    let destroyed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (destroyed = resolve));
    class Slow {
      static readonly decodes = Decoder.text<object>();
      init() {
        return new Promise<void>((resolve) => (ready = resolve));
      }
      decode() {
        return {};
      }
      destroy() {
        destroyed();
      }
    }
    const server = await LiteralServer.start();
    const config = ClientEndpointConfig.Builder.create().decoders([Slow]).build();
    const error = await rejection(container.connectToServer(Nothing, config, server.url()));
    expect(error.code).toBe('WS_CONNECT_TIMEOUT');
    ready();
    await gone;
    expect(server.requests).toHaveLength(0);
  });
});

test('maxResponseHeaderBytes rejects a larger response, and a higher value accepts it', async () => {
  const server = await LiteralServer.start(accepting(`X-Long: ${'x'.repeat(20_000)}`));
  const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 100 });
  const error = await rejection(container.connectToServer(Nothing, server.url()));
  expect(error.code).toBe('WS_CONNECT_BAD_ANSWER');
  await server.deserted();
  const config = configWith({ [`${P}MAX_HTTP_RESPONSE_HEADER_BYTES`]: '30000' });
  const session = await container.connectToServer(Nothing, config, server.url());
  afterTest(() => session.close());
  expect(session.isOpen()).toBe(true);
});

test('handshake settings in the user properties cause no warning, and the session keeps them', async () => {
  const warnings: string[] = [];
  const container = new ClientContainer({
    logger: { ...silent, warn: (message) => void warnings.push(message) },
    sessionCloseTimeout: 100,
  });
  const server = await LiteralServer.start();
  const config = configWith({ [`${P}IO_TIMEOUT_MS`]: '4000', [`${P}IO_TIMEOUT`]: '4000' });
  const session = await container.connectToServer(Nothing, config, server.url());
  afterTest(() => session.close());
  expect(session.getUserProperties().get(`${P}IO_TIMEOUT_MS`)).toBe('4000');
  expect(warnings).toEqual([expect.stringContaining(`${P}IO_TIMEOUT is not a setting`)]);
});

describe('options', () => {
  test.each<[name: string, value: unknown, message: RegExp]>([
    ['ioTimeout', 0, /^ioTimeout is a whole number of milliseconds from 1 to 2147483647; found 0\.$/],
    ['handshakeTimeout', Infinity, /^handshakeTimeout is a whole number of milliseconds/],
    ['maxRedirections', -1, /^maxRedirections is a whole number of redirects from 0/],
    ['maxResponseHeaderBytes', 1.5, /^maxResponseHeaderBytes is a whole number of bytes/],
    ['maxFragments', 0, /^maxFragments is a whole number of fragments/],
    ['sharedReads', 'yes', /^sharedReads is true or false; found "yes"/],
    ['perMessageDeflate', 'yes', /^perMessageDeflate is true, false or an object of options/],
    ['perMessageDeflate', { level: 99 }, /level/],
    ['textBufferSize', -1, /^textBufferSize is a whole number of bytes/],
  ])('%s: %p throws a DeploymentException', (name, value, message) => {
    expect(() => new ClientContainer({ [name]: value })).toThrow(message);
  });

  test('warn about an unknown name', () => {
    const warnings: string[] = [];
    const options = { ioTimout: 1, logger: { ...silent, warn: (message: string) => void warnings.push(message) } };
    expect(new ClientContainer(options)).toBeDefined();
    expect(warnings).toEqual(['ioTimout is not an option of a client container; did you mean ioTimeout?']);
  });
});

test.each([
  [undefined, '', 1005],
  ['tomcat-10.1', '03e8', 1000],
] as const)('an empty close frame with compatibility %s', async (compatibility, answer, told) => {
  const server = await LiteralServer.start();
  const closed = new Promise<number>((resolve) => {
    class Closing extends Nothing {
      override onClose(_session: Session, reason: CloseReason) {
        resolve(reason.getCloseCode().getCode());
      }
    }
    const container = new ClientContainer({ logger: silent, compatibility });
    void container.connectToServer(Closing, server.url()).then(() => server.requests[0]?.connection.send([0x88, 0]));
  });
  expect(await closed).toBe(told);
  const connection = server.requests[0]?.connection;
  const [, length = 0] = (await connection?.read(2)) ?? [];
  const mask = (await connection?.read(4)) ?? Buffer.alloc(4);
  const masked = (await connection?.read(length & 0x7f)) ?? Buffer.alloc(0);
  expect(Buffer.from(masked.map((byte, index) => byte ^ (mask[index] ?? 0))).toString('hex')).toBe(answer);
});
