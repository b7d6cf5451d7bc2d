import {
  ClientEndpointConfig,
  createExtension,
  Decoder,
  Encoder,
  Endpoint,
  EndpointConfig,
  IllegalArgumentException,
  IllegalStateException,
  ServerEndpointConfig,
  type Extension,
  type HandshakeRequest,
  type HandshakeResponse,
} from '@serval/api';
import type * as Api from '@serval/api';
import { registerDefaultConfigurator } from '@serval/api/spi';

class Echo extends Endpoint {
  override onOpen(): void {}
}

class Codec implements Encoder.Text<Date>, Decoder.Text<Date> {
  static readonly encodes = Encoder.text(Date);
  static readonly decodes = Decoder.text(Date);
  encode(date: Date): string {
    return date.toISOString();
  }
  decode(text: string): Date {
    return new Date(text);
  }
}

/** Returns distinguishable values and records its arguments. */
class ContainerDefault extends ServerEndpointConfig.Configurator {
  readonly asked: unknown[][] = [];
  override getNegotiatedSubprotocol(...args: [readonly string[], readonly string[]]): string {
    this.asked.push(args);
    return 'by default';
  }
  override getNegotiatedExtensions(...args: [readonly Extension[], readonly Extension[]]): readonly Extension[] {
    this.asked.push(args);
    return [deflate];
  }
  override checkOrigin(...args: [string | null, HandshakeRequest?]): boolean {
    this.asked.push(args);
    return false;
  }
  override getEndpointInstance<T extends object>(...args: [new (...args: never[]) => T, HandshakeRequest?]): T {
    this.asked.push(args);
    return instance as T;
  }
}

const deflate = createExtension('permessage-deflate');
const instance = new Echo();
const containerDefault = new ContainerDefault();

beforeEach(() => {
  containerDefault.asked.length = 0;
  registerDefaultConfigurator(containerDefault);
});

describe('ServerEndpointConfig.Builder', () => {
  test('builds a configuration with the class, the path and empty lists', () => {
    const config = ServerEndpointConfig.Builder.create(Echo, '/echo').build();
    expect(config).toBeInstanceOf(ServerEndpointConfig);
    expect(config).toBeInstanceOf(EndpointConfig);
    expect(config.getEndpointClass()).toBe(Echo);
    expect(config.getPath()).toBe('/echo');
    expect(config.getSubprotocols()).toEqual([]);
    expect(config.getExtensions()).toEqual([]);
    expect(config.getEncoders()).toEqual([]);
    expect(config.getDecoders()).toEqual([]);
    expect(config.getUserProperties()).toEqual(new Map());
    expect(config.getInboundMode()).toBe('serial');
    expect(config.getConfigurator()).toBe(containerDefault);
  });

  test('keeps its arguments in order', () => {
    const configurator = new ServerEndpointConfig.Configurator();
    const config = ServerEndpointConfig.Builder.create(Echo, '/echo/{room}')
      .subprotocols(['v2', 'v1'])
      .extensions([deflate])
      .encoders([Codec])
      .decoders([Codec])
      .configurator(configurator)
      .inbound('concurrent')
      .build();
    expect(config.getSubprotocols()).toEqual(['v2', 'v1']);
    expect(config.getExtensions()).toEqual([deflate]);
    expect(config.getEncoders()).toEqual([Codec]);
    expect(config.getDecoders()).toEqual([Codec]);
    expect(config.getConfigurator()).toBe(configurator);
    expect(config.getInboundMode()).toBe('concurrent');
  });

  test('accepts null for an empty list and for the default configurator, as in Java', () => {
    const config = ServerEndpointConfig.Builder.create(Echo, '/echo')
      .subprotocols(['v1'])
      .subprotocols(null)
      .extensions(null)
      .encoders(null)
      .decoders(null)
      .configurator(null)
      .build();
    expect(config.getSubprotocols()).toEqual([]);
    expect(config.getExtensions()).toEqual([]);
    expect(config.getEncoders()).toEqual([]);
    expect(config.getDecoders()).toEqual([]);
    expect(config.getConfigurator()).toBe(containerDefault);
  });

  test('copies its lists and freezes the built ones', () => {
    const subprotocols = ['v1'];
    const config = ServerEndpointConfig.Builder.create(Echo, '/echo').subprotocols(subprotocols).build();
    subprotocols.push('v2');
    expect(config.getSubprotocols()).toEqual(['v1']);
    for (const list of [
      config.getSubprotocols(),
      config.getExtensions(),
      config.getEncoders(),
      config.getDecoders(),
    ] as const) {
      expect(Object.isFrozen(list)).toBe(true);
    }
  });

  test('builds configurations that are independent of each other', () => {
    const builder = ServerEndpointConfig.Builder.create(Echo, '/echo').subprotocols(['v1']);
    const first = builder.build();
    const second = builder.subprotocols(['v2']).build();
    first.getUserProperties().set('room', 'garden');
    expect(first.getSubprotocols()).toEqual(['v1']);
    expect(second.getSubprotocols()).toEqual(['v2']);
    expect(second.getUserProperties()).toEqual(new Map());
    expect(first.getUserProperties().get('room')).toBe('garden');
  });

  test.each([undefined, null, 'Echo', new Echo()])('rejects %p instead of a class', (endpointClass) => {
    expect(() => ServerEndpointConfig.Builder.create(endpointClass as never, '/echo')).toThrow(
      IllegalArgumentException,
    );
  });

  test.each([
    ['echo', '"echo"'],
    ['', '""'],
    [undefined, 'none'],
    [null, 'null'],
  ])('refuses the path %p, which does not begin with a slash', (path, found) => {
    const create = (): unknown => ServerEndpointConfig.Builder.create(Echo, path as string);
    expect(create).toThrow(IllegalStateException);
    expect(create).toThrow(`The path of Echo must begin with a slash; found ${found}.`);
  });
});

describe('ServerEndpointConfig.Configurator', () => {
  const request = {} as HandshakeRequest;
  const configurator = new ServerEndpointConfig.Configurator();

  test('delegates every method that is not overridden to the container’s default', () => {
    expect(configurator.getContainerDefaultConfigurator()).toBe(containerDefault);
    expect(configurator.getNegotiatedSubprotocol(['v1'], ['v2'])).toBe('by default');
    expect(configurator.getNegotiatedExtensions([deflate], [])).toEqual([deflate]);
    expect(configurator.checkOrigin('https://example.org', request)).toBe(false);
    expect(configurator.getEndpointInstance(Echo, request)).toBe(instance);
    expect(containerDefault.asked).toEqual([
      [['v1'], ['v2']],
      [[deflate], []],
      ['https://example.org', request],
      [Echo, request],
    ]);
  });

  test('does not change the response in modifyHandshake', () => {
    const headers = new Map([['Upgrade', ['websocket']]]);
    const response: HandshakeResponse = { getHeaders: () => headers };
    const config = ServerEndpointConfig.Builder.create(Echo, '/echo').build();
    expect(configurator.modifyHandshake(config, request, response)).toBeUndefined();
    expect(headers).toEqual(new Map([['Upgrade', ['websocket']]]));
  });

  test('throws and names the missing container when none is loaded', () => {
    jest.isolateModules(() => {
      const fresh = jest.requireActual<typeof Api>('@serval/api');
      // All copies of the package share the default.
      Reflect.deleteProperty(globalThis, Symbol.for('serval:default-configurator'));
      const lonely = new fresh.ServerEndpointConfig.Configurator();
      expect(() => lonely.getContainerDefaultConfigurator()).toThrow(fresh.IllegalStateException);
      expect(() => fresh.ServerEndpointConfig.Builder.create(Echo, '/echo').build()).toThrow(
        'No server container is loaded',
      );
    });
  });
});

describe('ClientEndpointConfig.Builder', () => {
  test('builds a configuration with empty lists and a configurator that does nothing', async () => {
    const config = ClientEndpointConfig.Builder.create().build();
    expect(config).toBeInstanceOf(ClientEndpointConfig);
    expect(config).toBeInstanceOf(EndpointConfig);
    expect(config.getPreferredSubprotocols()).toEqual([]);
    expect(config.getExtensions()).toEqual([]);
    expect(config.getEncoders()).toEqual([]);
    expect(config.getDecoders()).toEqual([]);
    expect(config.getSSLContext()).toBeUndefined();
    expect(config.getUserProperties()).toEqual(new Map());
    const headers = new Map([['Origin', ['https://example.org']]]);
    await config.getConfigurator().beforeRequest(headers);
    await config.getConfigurator().afterResponse({ getHeaders: () => headers });
    expect(headers).toEqual(new Map([['Origin', ['https://example.org']]]));
  });

  test('keeps copies of its arguments in order', () => {
    const configurator = new ClientEndpointConfig.Configurator();
    const sslContext = { ca: 'pem' };
    const subprotocols = ['v2', 'v1'];
    const config = ClientEndpointConfig.Builder.create()
      .preferredSubprotocols(subprotocols)
      .extensions([deflate])
      .encoders([Codec])
      .decoders([Codec])
      .sslContext(sslContext)
      .configurator(configurator)
      .build();
    subprotocols.pop();
    expect(config.getPreferredSubprotocols()).toEqual(['v2', 'v1']);
    expect(config.getExtensions()).toEqual([deflate]);
    expect(config.getEncoders()).toEqual([Codec]);
    expect(config.getDecoders()).toEqual([Codec]);
    expect(config.getSSLContext()).toBe(sslContext);
    expect(config.getConfigurator()).toBe(configurator);
  });

  test('accepts null for an empty list', () => {
    const config = ClientEndpointConfig.Builder.create()
      .preferredSubprotocols(null)
      .extensions(null)
      .encoders(null)
      .decoders(null)
      .build();
    expect(config.getPreferredSubprotocols()).toEqual([]);
    expect(config.getExtensions()).toEqual([]);
    expect(config.getEncoders()).toEqual([]);
    expect(config.getDecoders()).toEqual([]);
  });
});
