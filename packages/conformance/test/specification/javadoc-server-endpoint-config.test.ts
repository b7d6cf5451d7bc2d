import {
  createExtension,
  Decoder,
  Encoder,
  Endpoint,
  HandshakeRejection,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type EndpointClass,
  type Extension,
  type HandshakeRequest,
  type HandshakeResponse,
} from 'serval';
import { failureOf, overBothEngines } from '../application';

// ServerEndpointConfig, its Builder and its Configurator.

class Quiet extends Endpoint {
  override onOpen(session: Session): void {
    session.addMessageHandler(String, (text) => session.getBasicRemote().sendText(`quiet ${text}`));
  }
}
@ServerEndpoint('/from-the-annotation')
class Annotated {
  @OnMessage say(text: string): string {
    return `annotated ${text}`;
  }
}
class DateDecoder implements Decoder.Text<Date> {
  static readonly decodes = Decoder.text(Date);
  decode(text: string): Date {
    return new Date(text);
  }
}
class DateEncoder implements Encoder.Text<Date> {
  static readonly encodes = Encoder.text(Date);
  encode(date: Date): string {
    return date.toISOString();
  }
}

const create = (): ServerEndpointConfig.Builder => ServerEndpointConfig.Builder.create(Quiet, '/quiet/{room}');
const containerDefault = (): object => new ServerEndpointConfig.Configurator().getContainerDefaultConfigurator();

describe('the configuration', () => {
  test('[JAVADOC:193] [JAVADOC:199] has the given configurator, or else the container’s own', () => {
    class Mine extends ServerEndpointConfig.Configurator {}
    const mine = new Mine();
    expect(create().configurator(mine).build().getConfigurator()).toBe(mine);
    expect(create().build().getConfigurator()).toBe(containerDefault());
    expect(create().configurator(mine).configurator(null).build().getConfigurator()).toBe(containerDefault());
  });

  test('[JAVADOC:195] [JAVADOC:203] has the given extensions in order', () => {
    const [first, second] = [createExtension('x-1'), createExtension('x-2')];
    const list = [first, second];
    const config = create().extensions(list).build();
    list.reverse();
    expect(config.getExtensions()).toEqual([first, second]);
    expect(create().extensions(list).extensions(null).build().getExtensions()).toEqual([]);
  });

  test('[JAVADOC:197] [JAVADOC:204] has the given subprotocols in order', () => {
    const list = ['v2', 'v1'];
    const config = create().subprotocols(list).build();
    list.reverse();
    expect(config.getSubprotocols()).toEqual(['v2', 'v1']);
    expect(create().subprotocols(list).subprotocols(null).build().getSubprotocols()).toEqual([]);
  });

  test('[JAVADOC:201] [JAVADOC:202] has the given decoders and encoders', () => {
    const config = create().decoders([DateDecoder]).encoders([DateEncoder]).build();
    expect([config.getDecoders(), config.getEncoders()]).toEqual([[DateDecoder], [DateEncoder]]);
    const none = create().decoders([DateDecoder]).encoders([DateEncoder]).decoders(null).encoders(null).build();
    expect([none.getDecoders(), none.getEncoders()]).toEqual([[], []]);
  });

  test('[JAVADOC:196] [JAVADOC:200] requires a class and a path with a leading slash, and nothing else', () => {
    const config = create().build();
    expect([config.getEndpointClass(), config.getPath()]).toEqual([Quiet, '/quiet/{room}']);
    expect([config.getSubprotocols(), config.getExtensions()]).toEqual([[], []]);
    expect([config.getEncoders(), config.getDecoders()]).toEqual([[], []]);
    expect(() => ServerEndpointConfig.Builder.create(Quiet, 'quiet')).toThrow('must begin with a slash');
    expect(() => ServerEndpointConfig.Builder.create(undefined as unknown as EndpointClass, '/quiet')).toThrow(
      expect.objectContaining({ code: 'WS_ILLEGAL_ARGUMENT' }),
    );
  });

  test('[JAVADOC:198] build uses the current values; later changes affect only the next build', () => {
    const builder = create().subprotocols(['v1']);
    const first = builder.build();
    const second = builder.subprotocols(['v2']).decoders([DateDecoder]).build();
    expect([first.getSubprotocols(), first.getDecoders()]).toEqual([['v1'], []]);
    expect([second.getSubprotocols(), second.getDecoders()]).toEqual([['v2'], [DateDecoder]]);
    expect(second.getUserProperties()).not.toBe(first.getUserProperties());
  });
});

/** A configurator of which a test says what it does. */
class Told extends ServerEndpointConfig.Configurator {
  constructor(private readonly does: Partial<ServerEndpointConfig.Configurator>) {
    super();
    Object.assign(this, does);
  }
}

overBothEngines((application, engine) => {
  const configured = (does: Partial<ServerEndpointConfig.Configurator>): ServerEndpointConfig =>
    ServerEndpointConfig.Builder.create(Quiet, '/quiet')
      .subprotocols(['v1', 'v2'])
      .configurator(new Told(does))
      .build();

  test('[JAVADOC:194] accepts a programmatic or annotated class, and uses the configuration’s path', async () => {
    const programmatic = ServerEndpointConfig.Builder.create(Quiet, '/quiet').build();
    const annotated = ServerEndpointConfig.Builder.create(Annotated, '/from-the-builder').build();
    expect([programmatic.getEndpointClass(), annotated.getEndpointClass()]).toEqual([Quiet, Annotated]);
    const { container } = await application().start([programmatic, annotated, Annotated]);
    expect(container.match('/from-the-annotation')?.target.config.getEndpointClass()).toBe(Annotated);
    expect(await (await application().connect('/quiet')).say('a').next()).toBe('text quiet a');
    for (const path of ['/from-the-builder', '/from-the-annotation'])
      expect(await (await application().connect(path)).say('a').next()).toBe('text annotated a');
  });

  describe('[JAVADOC:205] checkOrigin', () => {
    const ask = async (origin: string | undefined): Promise<number> => {
      const answer = await application().ask('/quiet', origin === undefined ? {} : { origin });
      return 'status' in answer ? answer.status : 101;
    };

    test('receives the header, and refuses with 403 when it returns false', async () => {
      const asked: unknown[] = [];
      await application().start(
        configured({
          checkOrigin: (origin) => {
            asked.push(origin);
            return origin === 'https://friend.example';
          },
        }),
      );
      expect(await ask('https://friend.example')).toBe(101);
      expect(await ask('https://stranger.example')).toBe(403);
      expect(await ask(undefined)).toBe(403);
      expect(asked).toEqual(['https://friend.example', 'https://stranger.example', null]);
    });

    test('by default accepts the server’s own origin and the allowed ones, and no other', async () => {
      const server = await application().start(configured({}), { allowedOrigins: ['https://friend.example'] });
      expect(await ask(`http://127.0.0.1:${server.port}`)).toBe(101);
      expect(await ask('https://friend.example')).toBe(101);
      expect(await ask(undefined)).toBe(101);
      expect(await ask('https://stranger.example')).toBe(403);
    });
  });

  describe('getEndpointInstance', () => {
    test('[JAVADOC:206] runs for each connection, and its result serves the connection', async () => {
      const made: object[] = [];
      class Special extends Quiet {}
      await application().start(
        configured({
          getEndpointInstance: <T extends object>(endpointClass: EndpointClass<T>): T => {
            expect(endpointClass).toBe(Quiet);
            // A subclass of the requested class.
            const instance = new Special() as unknown as T;
            made.push(instance);
            return instance;
          },
        }),
      );
      for (const count of [1, 2]) {
        expect(await (await application().connect('/quiet')).say('a').next()).toBe('text quiet a');
        expect(made).toHaveLength(count);
      }
    });

    test('[JAVADOC:206] by default creates a new instance for each connection', async () => {
      const made: object[] = [];
      class Counted extends Quiet {
        constructor() {
          super();
          made.push(this);
        }
      }
      await application().start(ServerEndpointConfig.Builder.create(Counted, '/quiet').build());
      for (let count = 1; count <= 3; count += 1) await application().connect('/quiet');
      expect(new Set(made).size).toBe(3);
    });

    test('[JAVADOC:207] fails the handshake when it throws, and other sessions continue', async () => {
      let fails = true;
      await application().start(
        configured({
          getEndpointInstance: <T extends object>(endpointClass: EndpointClass<T>): T => {
            if (fails) throw new Error('no instance today');
            return new (endpointClass as unknown as new () => T)();
          },
        }),
      );
      expect(await application().ask('/quiet')).toMatchObject({ status: 500 });
      expect(application().log.entries).toEqual([expect.stringContaining('no instance today')]);
      fails = false;
      expect(await (await application().connect('/quiet')).say('a').next()).toBe('text quiet a');
    });
  });

  describe('[JAVADOC:208] getNegotiatedExtensions', () => {
    const names = (extensions: readonly Extension[]): string[] => extensions.map((extension) => extension.getName());
    const asked = { 'Sec-WebSocket-Extensions': 'x-other, permessage-deflate; server_no_context_takeover' };
    const options = engine === 'native' ? { perMessageDeflate: true } : {};

    test('receives the installed and the requested extensions, in the client’s order', async () => {
      const lists: string[][] = [];
      await application().start(
        configured({
          getNegotiatedExtensions: (installed, requested) => {
            lists.push(names(installed), names(requested));
            return [];
          },
        }),
        options,
      );
      const { head } = await application().connectLiterally('/quiet', asked);
      expect(lists).toEqual([engine === 'native' ? ['permessage-deflate'] : [], ['x-other', 'permessage-deflate']]);
      expect(head.headers.has('sec-websocket-extensions')).toBe(false);
    });

    test('by default accepts all requested ones that are supported', async () => {
      await application().start(configured({}), options);
      const { head } = await application().connectLiterally('/quiet', asked);
      // Differs: the ws engine offers no extension.
      expect(head.headers.get('sec-websocket-extensions')).toEqual(
        engine === 'native' ? [expect.stringMatching(/^permessage-deflate; server_no_context_takeover$/)] : undefined,
      );
      const [x, y, z] = ['x', 'y', 'z'].map((name) => createExtension(name)) as [Extension, Extension, Extension];
      const own = new ServerEndpointConfig.Configurator();
      expect(names(await own.getNegotiatedExtensions([x, y], [z, y, x]))).toEqual(['y', 'x']);
      expect(await own.getNegotiatedExtensions([], [x])).toEqual([]);
    });
  });

  describe('[JAVADOC:209] getNegotiatedSubprotocol', () => {
    const agreed = async (...subprotocols: readonly string[]): Promise<unknown> => {
      const { head } = await application().connectLiterally('/quiet', {
        'Sec-WebSocket-Protocol': subprotocols.join(', '),
      });
      return head.headers.get('sec-websocket-protocol');
    };

    test('receives both lists, and its result is used', async () => {
      const lists: unknown[] = [];
      await application().start(
        configured({
          getNegotiatedSubprotocol: (supported, requested) => {
            lists.push(supported, requested);
            return requested.at(-1) ?? '';
          },
        }),
      );
      expect(await agreed('v2', 'v3', 'v1')).toEqual(['v1']);
      expect(lists).toEqual([
        ['v1', 'v2'],
        ['v2', 'v3', 'v1'],
      ]);
    });

    test('by default chooses the client’s first one that the server supports, or none', async () => {
      await application().start(configured({}));
      expect(await agreed('v3', 'v2', 'v1')).toEqual(['v2']);
      expect(await agreed('v3')).toBeUndefined();
      const own = new ServerEndpointConfig.Configurator();
      expect(await own.getNegotiatedSubprotocol(['v1'], ['v3'])).toBe('');
    });
  });

  describe('[JAVADOC:210] modifyHandshake', () => {
    test('runs after the checks, receives the response, and may change it', async () => {
      const calls: unknown[] = [];
      await application().start(
        configured({
          checkOrigin: () => calls.push('checkOrigin') > 0,
          getNegotiatedSubprotocol: () => {
            calls.push('getNegotiatedSubprotocol');
            return 'v2';
          },
          getNegotiatedExtensions: () => {
            calls.push('getNegotiatedExtensions');
            return [];
          },
          modifyHandshake: (config: ServerEndpointConfig, request: HandshakeRequest, response: HandshakeResponse) => {
            calls.push([
              config.getPath(),
              request.getHeaders().get('X-Asked'),
              response.getHeaders().get('Sec-WebSocket-Protocol'),
            ]);
            response.getHeaders().set('X-Answered', ['yes']);
          },
        }),
      );
      const { head } = await application().connectLiterally('/quiet', {
        'X-Asked': 'this',
        'Sec-WebSocket-Protocol': 'v1, v2',
      });
      expect(calls).toEqual([
        'checkOrigin',
        'getNegotiatedSubprotocol',
        'getNegotiatedExtensions',
        ['/quiet', ['this'], ['v2']],
      ]);
      expect(head.headers.get('x-answered')).toEqual(['yes']);
      expect(head.headers.get('sec-websocket-protocol')).toEqual(['v2']);
    });

    test('can refuse the handshake', async () => {
      const refuse = (): void => {
        throw new HandshakeRejection(429, { body: 'later' });
      };
      await application().start(configured({ modifyHandshake: refuse }));
      expect(await application().ask('/quiet')).toEqual({ status: 429, body: 'later' });
    });
  });

  test('[JAVADOC:211] a Configurator is created without arguments and behaves like the container’s own', async () => {
    class Nothing extends ServerEndpointConfig.Configurator {}
    const answers: unknown[] = [];
    for (const configurator of [new Nothing(), null]) {
      await application().start(
        ServerEndpointConfig.Builder.create(Quiet, '/quiet').subprotocols(['v1']).configurator(configurator).build(),
      );
      const { head } = await application().connectLiterally('/quiet', { 'Sec-WebSocket-Protocol': 'v2, v1' });
      answers.push([...head.headers]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(await failureOf(() => new Nothing().checkOrigin('https://friend.example'))).toMatchObject({
      code: 'WS_ILLEGAL_STATE',
    });
  });
});
