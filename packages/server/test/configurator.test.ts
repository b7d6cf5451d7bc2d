import type { Socket } from 'node:net';
import {
  CloseReason,
  createExtension,
  Decoder,
  DeploymentException,
  Encoder,
  Endpoint,
  EndpointConfig,
  HandshakeRejection,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type DecoderClass,
  type EndpointClass,
  type Extension,
  type HandshakeRequest,
  type HandshakeResponse,
  type Principal,
} from '@serval/api';
import { attach } from '../src/http-host';
import type { ServerContainerOptions } from '../src/container-options';
import { clientFrame, closeFrame, upgradeRequest } from './raw-connection';
import { connectTo, TestServer } from './test-server';
import { Gate, turn } from '../../testing/test/toolbox';

const { Configurator } = ServerEndpointConfig;
type Configurator = ServerEndpointConfig.Configurator;

/** The events of the test, in order. */
const CALLS: string[] = [];
beforeEach(() => void (CALLS.length = 0));

@ServerEndpoint('/chat')
class Chat {
  constructor() {
    CALLS.push('constructor');
  }
  @OnOpen open(): void {
    CALLS.push('@OnOpen');
  }
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

class Tea {
  constructor(readonly kind?: string) {}
}

/** A Chat at /chat with the configurator. */
function chatWith(
  configurator: Configurator,
  more: (builder: ReturnType<typeof ServerEndpointConfig.Builder.create>) => void = () => undefined,
): ServerEndpointConfig {
  const builder = ServerEndpointConfig.Builder.create(Chat, '/chat').configurator(configurator);
  more(builder);
  return builder.build();
}

/** The steps of a handshake that run user code, in order. */
const STEPS = [
  'authenticate',
  'checkOrigin',
  'getNegotiatedSubprotocol',
  'getNegotiatedExtensions',
  'modifyHandshake',
  'getEndpointInstance',
] as const;
type Step = (typeof STEPS)[number];

/** A server whose user code runs `act` in one step and behaves normally in the others. */
function serverThat(
  step: Step,
  act: () => unknown,
  asynchronously = false,
  decoders: readonly DecoderClass[] = [],
): Promise<TestServer> {
  const at = <T>(here: Step, otherwise: () => T): T => {
    CALLS.push(here);
    if (here !== step) return otherwise();
    if (!asynchronously) return act() as T;
    return turn().then(act) as T;
  };
  class Acting extends Configurator {
    override checkOrigin(origin: string | null): boolean | Promise<boolean> {
      return at('checkOrigin', () => super.checkOrigin(origin));
    }
    override getNegotiatedSubprotocol(
      supported: readonly string[],
      requested: readonly string[],
    ): string | Promise<string> {
      return at('getNegotiatedSubprotocol', () => super.getNegotiatedSubprotocol(supported, requested));
    }
    override getNegotiatedExtensions(
      installed: readonly Extension[],
      requested: readonly Extension[],
    ): readonly Extension[] | Promise<readonly Extension[]> {
      return at('getNegotiatedExtensions', () => super.getNegotiatedExtensions(installed, requested));
    }
    override modifyHandshake(
      config: ServerEndpointConfig,
      request: HandshakeRequest,
      response: HandshakeResponse,
    ): void | Promise<void> {
      return at('modifyHandshake', () => super.modifyHandshake(config, request, response));
    }
    override getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>): T | Promise<T> {
      return at('getEndpointInstance', () => super.getEndpointInstance(endpointClass));
    }
  }
  const authenticate = (): Principal | null => at('authenticate', () => null);
  return TestServer.start(
    { authenticate },
    chatWith(new Acting(), (builder) => builder.decoders(decoders)),
  );
}

describe('the order of a handshake', () => {
  test('is authenticate, the Configurator from checkOrigin to getEndpointInstance, the codecs, 101, @OnOpen', async () => {
    class Upper implements Encoder.Text<Date>, Decoder.Text<Date> {
      static readonly encodes = Encoder.text(Date);
      static readonly decodes = Decoder.text(Date);
      init(): void {
        CALLS.push('codec init');
      }
      encode(): string {
        return '';
      }
      decode(): Date {
        return new Date();
      }
    }
    class Asking extends Configurator {
      override checkOrigin(): boolean {
        CALLS.push('checkOrigin');
        return true;
      }
      override getNegotiatedSubprotocol(): string {
        CALLS.push('getNegotiatedSubprotocol');
        return '';
      }
      override getNegotiatedExtensions(): readonly Extension[] {
        CALLS.push('getNegotiatedExtensions');
        return [];
      }
      override modifyHandshake(): void {
        CALLS.push('modifyHandshake');
      }
      override getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>): T | Promise<T> {
        CALLS.push('getEndpointInstance');
        return super.getEndpointInstance(endpointClass);
      }
    }
    const server = await TestServer.start(
      {
        authenticate: () => {
          CALLS.push('authenticate');
          return null;
        },
      },
      chatWith(new Asking(), (builder) => builder.encoders([Upper]).decoders([Upper])),
    );
    await server.open('/chat');
    expect(CALLS).toEqual([...STEPS, 'constructor', 'codec init', '@OnOpen']);
  });

  test.each(STEPS)('a handshake that %s refuses runs no later step', async (step) => {
    const server = await serverThat(step, () => {
      throw new HandshakeRejection(418);
    });
    expect((await server.request('/chat')).status).toBe(418);
    expect(CALLS).toEqual(STEPS.slice(0, STEPS.indexOf(step) + 1));
  });

  test.each(STEPS)('awaits the promise of %s', async (step) => {
    const values: Record<Step, unknown> = {
      authenticate: null,
      checkOrigin: true,
      getNegotiatedSubprotocol: '',
      getNegotiatedExtensions: [],
      modifyHandshake: undefined,
      getEndpointInstance: new Chat(),
    };
    const server = await serverThat(step, () => values[step], true);
    const client = await server.open('/chat');
    client.send(clientFrame(0x81, 'hello'));
    expect(await client.text()).toBe('you said hello');
    expect(CALLS).toEqual(expect.arrayContaining([...STEPS]));
  });
});

describe('a client that left', () => {
  class Counting implements Decoder.Text<Date> {
    static readonly decodes = Decoder.text(Date);
    init(): void {
      CALLS.push('codec init');
    }
    decode(): Date {
      return new Date();
    }
    destroy(): void {
      CALLS.push('codec destroy');
    }
  }

  test.each(['authenticate', 'modifyHandshake', 'getEndpointInstance'] as const)(
    'while %s was pending: no later method runs',
    async (step) => {
      const entered = new Gate();
      const gate = new Gate<unknown>();
      const server = await serverThat(
        step,
        () => {
          entered.open();
          return gate.promise;
        },
        false,
        [Counting],
      );
      const closed = new Promise((resolve) => {
        server.http.once('connection', (socket: Socket) => socket.once('close', resolve));
      });
      const client = await server.connect();
      client.send(upgradeRequest('/chat'));
      await entered.promise;
      const before = [...CALLS];
      client.reset();
      await closed;
      gate.open(step === 'getEndpointInstance' ? new Tea() : null);
      await turn();
      expect(CALLS).toEqual(before);
      expect(server.container.getSessions().size).toBe(0);
    },
  );

  test('by ending its side: opens no session, and creates no codecs', async () => {
    const entered = new Gate();
    const gate = new Gate<unknown>();
    const server = await serverThat(
      'getEndpointInstance',
      () => {
        entered.open();
        return gate.promise;
      },
      false,
      [Counting],
    );
    const ended = new Promise((resolve) => {
      server.http.once('connection', (socket: Socket) => socket.once('end', resolve));
    });
    const client = await server.connect();
    client.send(upgradeRequest('/chat'));
    await entered.promise;
    const before = [...CALLS];
    client.finish();
    await ended;
    gate.open(new Tea());
    expect(await client.end()).toBe('');
    expect(CALLS).toEqual(before);
    expect(server.container.getSessions().size).toBe(0);
  });
});

describe.each([
  ['synchronously', false],
  ['in a promise', true],
] as const)('user code that fails %s', (_how, asynchronously) => {
  const MISTAKES: readonly (readonly [string, unknown])[] = [
    ['an Error', new Error('the secret is 42')],
    ['a string', 'the secret is 42'],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('secret')],
  ];

  test.each(STEPS)('with any error in %s answers 500 without details and affects no other session', async (step) => {
    const mistakes = [...MISTAKES];
    let thrown: unknown;
    const server = await serverThat(
      step,
      () => {
        throw thrown;
      },
      asynchronously,
    );
    for (const [what, mistake] of mistakes) {
      thrown = mistake;
      const { status, body, lines, client } = await server.request('/chat');
      expect({ what, status, body }).toEqual({ what, status: 500, body: 'Internal Server Error\n' });
      expect(lines.join()).not.toContain('42');
      expect(await client.end()).toBe('');
    }
    expect(server.container.getSessions().size).toBe(0);
    const logged = server.log.entries.filter((entry) => entry.startsWith('error The handshake for /chat failed:'));
    expect(logged).toHaveLength(mistakes.length);
    expect(logged[0]).toContain('the secret is 42');
    expect(logged[1]).toContain('the secret is 42');

    server.container.addEndpoint(ServerEndpointConfig.Builder.create(Chat, '/other').build());
    const next = await server.request('/other');
    expect(next.status).toBe(step === 'authenticate' ? 500 : 101);
  });

  test.each(STEPS)('a HandshakeRejection in %s sets status, headers and body', async (step) => {
    const rejection = new HandshakeRejection(401, {
      headers: {
        'WWW-Authenticate': ['Bearer', 'Basic realm="chat"'],
        'Content-Type': 'application/json',
        'X-Evil': 'a\r\nSet-Cookie: evil=1',
      },
      body: '{"error":"Wer bist du? ü"}',
    });
    const server = await serverThat(
      step,
      () => {
        throw rejection;
      },
      asynchronously,
    );
    const { status, lines, body, client } = await server.request('/chat');
    expect(status).toBe(401);
    expect(lines).toEqual([
      'WWW-Authenticate: Bearer',
      'WWW-Authenticate: Basic realm="chat"',
      'Content-Type: application/json',
      'Content-Length: 27',
      'Connection: close',
    ]);
    expect(body).toBe('{"error":"Wer bist du? ü"}');
    expect(await client.end()).toBe('');
    expect(CALLS).not.toContain('constructor');
    expect(server.log.entries.filter((entry) => entry.startsWith('error'))).toEqual([]);
  });

  test.each(STEPS)(
    'closeWith in %s accepts and closes with code and reason; the endpoint never sees it',
    async (step) => {
      const server = await serverThat(
        step,
        () => {
          throw HandshakeRejection.closeWith(new CloseReason(4401, 'token expired'));
        },
        asynchronously,
      );
      const client = await server.open('/chat');
      expect(await client.close()).toBe('4401 token expired');
      client.send(closeFrame(4401));
      expect(await client.end()).toBe('');
      expect(CALLS).not.toContain('constructor');
      expect(CALLS).not.toContain('@OnOpen');
      expect(server.container.getSessions().size).toBe(0);
    },
  );
});

describe('closeWith', () => {
  function closing(code: number, options: ServerContainerOptions = {}): Promise<TestServer> {
    const authenticate = (): never => {
      throw HandshakeRejection.closeWith(new CloseReason(code, 'no'));
    };
    return TestServer.start(
      { ...options, authenticate },
      chatWith(new Configurator(), (b) => b.subprotocols(['v2'])),
    );
  }

  test('answers bytes that arrived with the request only with the close frame', async () => {
    const server = await closing(4401);
    const client = await server.connect();
    client.send(upgradeRequest('/chat'), clientFrame(0x81, 'hello'), clientFrame(0x82, 'bytes'));
    expect((await client.response()).status).toBe(101);
    expect(await client.close()).toBe('4401 no');
    client.send(closeFrame(4401));
    expect(await client.end()).toBe('');
  });

  test('chooses an offered subprotocol, without which a browser would fail the handshake', async () => {
    const server = await closing(4401);
    for (const [offered, chosen] of [
      ['v1, v2', 'v2'],
      ['v1', 'v1'],
    ] as const) {
      const { lines } = await server.request('/chat', { 'Sec-WebSocket-Protocol': offered });
      expect(lines).toContain(`Sec-WebSocket-Protocol: ${chosen}`);
    }
  });

  test('chooses none of a malformed offer, without an error in the log', async () => {
    const server = await closing(4401);
    const { status, lines, client } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v 1' });
    expect([status, lines.length]).toEqual([101, 3]);
    expect(await client.close()).toBe('4401 no');
    expect(server.log.entries.filter((entry) => entry.startsWith('error'))).toEqual([]);
  });

  test('drops a client that does not answer within sessionCloseTimeout', async () => {
    const server = await closing(4401, { sessionCloseTimeout: 20 });
    const client = await server.open('/chat');
    expect(await client.close()).toBe('4401 no');
    expect(await client.end()).toBe('');
  });

  test.each([1004, 1005, 1006, 1015, 2000])(
    'with the code %d, which no frame may carry, does no harm',
    async (code) => {
      const server = await closing(code);
      const client = await server.open('/chat');
      client.finish();
      expect(await client.end()).not.toContain('HTTP/1.1');
      expect((await server.request('/news')).status).toBe(404);
    },
  );
});

describe('a HandshakeRejection', () => {
  const rejecting = (status: number, response: object = {}): Promise<TestServer> =>
    serverThat('checkOrigin', () => {
      throw new HandshakeRejection(status, response);
    });

  test('without a response has the phrase of its status', async () => {
    expect((await (await rejecting(403)).request('/chat')).body).toBe('Forbidden\n');
    expect((await (await rejecting(599)).request('/chat')).body).toBe('Refused\n');
  });

  test('can redirect', async () => {
    const { status, headers } = await (await rejecting(307, { headers: { Location: '/elsewhere' } })).request('/chat');
    expect([status, headers.get('location')]).toEqual([307, ['/elsewhere']]);
  });

  test('cannot set the length of its body or the fate of the connection', async () => {
    const server = await rejecting(400, {
      headers: { 'content-length': '1', Connection: 'keep-alive', 'Transfer-Encoding': 'chunked' },
      body: 'whole',
    });
    const { lines, body } = await server.request('/chat');
    expect(body).toBe('whole');
    expect(lines).toEqual(['Content-Type: text/plain; charset=utf-8', 'Content-Length: 5', 'Connection: close']);
  });

  test.each([
    ['a body that is no text', { body: 42 }],
    ['a body that is null', { body: null }],
    ['headers that are null', { headers: null }],
    ['a header that is undefined', { headers: { 'X-A': undefined } }],
    ['a header that is a number', { headers: { 'Retry-After': 5 } }],
    ['a header list that holds undefined', { headers: { 'X-A': [undefined] } }],
    ['a header without a name', { headers: { '': 'x' } }],
    ['a header name with a colon', { headers: { 'A: b\r\nX': 'x' } }],
    ['a header that no latin1 can spell', { headers: { 'X-A': '→' } }],
    ['a response that is null', null],
  ])('from a JavaScript program with %s still produces a response', async (_what, response) => {
    const server = await rejecting(401, response as object);
    const { status, lines, client } = await server.request('/chat');
    expect(status).toBe(401);
    expect(lines.filter((line) => !/^(Content-Type|Content-Length|Connection): /.test(line))).toEqual(
      _what.includes('number') ? ['Retry-After: 5'] : [],
    );
    expect(await client.end()).toBe('');
    expect((await server.request('/news')).status).toBe(404);
  });
});

describe('[WSC-3.1.4-1] checkOrigin', () => {
  const FOREIGN = { Origin: 'http://evil.example' };
  const OWN = { Origin: 'http://localhost' };

  test('receives the header, or null', async () => {
    const seen: unknown[] = [];
    class Noting extends Configurator {
      override checkOrigin(origin: string | null, request?: HandshakeRequest): boolean {
        seen.push(origin, request?.getHeaders().get('origin'));
        return true;
      }
    }
    const server = await TestServer.start({}, chatWith(new Noting()));
    await server.open('/chat', FOREIGN);
    await server.open('/chat');
    expect(seen).toEqual(['http://evil.example', ['http://evil.example'], null, undefined]);
  });

  test('that returns anything other than true refuses with 403', async () => {
    for (const answer of [false, undefined, null, 0, '']) {
      const server = await serverThat('checkOrigin', () => answer);
      expect((await server.request('/chat')).status).toBe(403);
    }
  });

  test('super.checkOrigin(origin), as in Java, runs the container’s check', async () => {
    class AsInJava extends Configurator {
      override checkOrigin(origin: string | null): boolean | Promise<boolean> {
        return super.checkOrigin(origin);
      }
    }
    const server = await TestServer.start({}, chatWith(new AsInJava()));
    expect((await server.request('/chat', FOREIGN)).status).toBe(403);
    expect((await server.request('/chat', OWN)).status).toBe(101);
  });

  test('super.checkOrigin(origin) after an await throws and names the remedy', async () => {
    class TooLate extends Configurator {
      override async checkOrigin(origin: string | null): Promise<boolean> {
        await turn();
        return super.checkOrigin(origin);
      }
    }
    const server = await TestServer.start({}, chatWith(new TooLate()));
    expect((await server.request('/chat', OWN)).status).toBe(500);
    expect(server.log.entries).toContainEqual(
      'error The handshake for /chat failed: checkOrigin of the default configurator ran outside of a handshake, ' +
        'or after an await. Pass the request on: super.checkOrigin(…, request).',
    );
  });

  test('super.checkOrigin(origin, request) works after an await', async () => {
    class InTime extends Configurator {
      override async checkOrigin(origin: string | null, request?: HandshakeRequest): Promise<boolean> {
        await turn();
        return super.checkOrigin(origin, request);
      }
    }
    const server = await TestServer.start({}, chatWith(new InTime()));
    expect((await server.request('/chat', FOREIGN)).status).toBe(403);
    expect((await server.request('/chat', OWN)).status).toBe(101);
  });

  test('one configurator in two containers uses each one’s own policy, also in concurrent handshakes', async () => {
    const bothAsked = new Gate();
    let asked = 0;
    class Shared extends Configurator {
      override async checkOrigin(origin: string | null, request?: HandshakeRequest): Promise<boolean> {
        if ((asked += 1) === 2) bothAsked.open();
        await bothAsked.promise;
        return super.checkOrigin(origin, request);
      }
    }
    const shared = new Shared();
    const strict = await TestServer.start({}, chatWith(shared));
    const open = await TestServer.start({ allowedOrigins: '*' }, chatWith(shared));
    const answers = await Promise.all([strict.request('/chat', FOREIGN), open.request('/chat', FOREIGN)]);
    expect(answers.map(({ status }) => status)).toEqual([403, 101]);
  });

  test('nested calls keep their own handshakes', async () => {
    class Nested extends Configurator {
      override checkOrigin(origin: string | null): boolean | Promise<boolean> {
        // A configurator that calls itself must keep its handshake.
        return (origin === null ? true : this.checkOrigin(null)) && super.checkOrigin(origin);
      }
    }
    const server = await TestServer.start({}, chatWith(new Nested()));
    expect((await server.request('/chat', OWN)).status).toBe(101);
    expect((await server.request('/chat', FOREIGN)).status).toBe(403);
  });
});

describe('the default configurator', () => {
  test('is a single instance, and its own default', () => {
    const first = new Configurator().getContainerDefaultConfigurator();
    class Mine extends Configurator {}
    expect(new Mine().getContainerDefaultConfigurator()).toBe(first);
    expect(first.getContainerDefaultConfigurator()).toBe(first);
    expect(first).toBeInstanceOf(Configurator);
  });

  test('[WSC-3.1-1] is the configurator of an endpoint that names none', () => {
    expect(ServerEndpointConfig.Builder.create(Chat, '/chat').build().getConfigurator()).toBe(
      new Configurator().getContainerDefaultConfigurator(),
    );
  });

  test('can be called by name within a handshake', async () => {
    class ByName extends Configurator {
      override checkOrigin(origin: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
        return this.getContainerDefaultConfigurator().checkOrigin(origin, request);
      }
      override getEndpointInstance<T extends object>(endpointClass: EndpointClass<T>): T | Promise<T> {
        return this.getContainerDefaultConfigurator().getEndpointInstance(endpointClass);
      }
    }
    const server = await TestServer.start({}, chatWith(new ByName()));
    expect((await server.request('/chat', { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await server.request('/chat')).status).toBe(101);
  });

  test('throws outside of a handshake', () => {
    const standard = new Configurator().getContainerDefaultConfigurator();
    expect(() => standard.checkOrigin(null)).toThrow(/checkOrigin of the default configurator ran outside/);
    expect(() => standard.getEndpointInstance(Chat)).toThrow(/super\.getEndpointInstance\(…, request\)/);
    expect(standard.getNegotiatedSubprotocol(['a', 'b'], ['b', 'a'])).toBe('b');
    expect(standard.getNegotiatedSubprotocol(['a'], ['c'])).toBe('');
    expect(standard.getNegotiatedExtensions([], [createExtension('x')])).toEqual([]);
  });

  test('rejects a request that belongs to no container', () => {
    const standard = new Configurator().getContainerDefaultConfigurator();
    expect(() => standard.checkOrigin(null, {} as HandshakeRequest)).toThrow(HandshakeRejection);
  });
});

describe('the instance of an annotated endpoint’s configurator', () => {
  let made = 0;
  beforeEach(() => (made = 0));
  class Counted extends Configurator {
    readonly number = (made += 1);
    override modifyHandshake(
      _config: ServerEndpointConfig,
      _request: HandshakeRequest,
      response: HandshakeResponse,
    ): void {
      response.getHeaders().set('X-Configurator', [`${this.number} ${this.constructor.name}`]);
    }
  }
  @ServerEndpoint('/one', { configurator: Counted })
  class One {
    @OnMessage receive(_text: string): void {}
  }
  @ServerEndpoint({ value: '/two', configurator: Counted })
  class Two {
    @OnMessage receive(_text: string): void {}
  }

  test('[WSC-4.1.5-1] is created at deployment, once per endpoint, and serves all its connections', async () => {
    const server = await TestServer.start({}, One, Two);
    expect(made).toBe(2);
    const seen: unknown[] = [];
    for (const path of ['/one', '/one', '/two', '/two']) {
      seen.push((await server.request(path)).headers.get('x-configurator')?.[0]);
    }
    expect(seen).toEqual(['1 Counted', '1 Counted', '2 Counted', '2 Counted']);
    expect(made).toBe(2);
  });

  test.each([
    [
      'throws in its constructor',
      class Broken extends Configurator {
        constructor() {
          super();
          throw new Error('no');
        }
      },
      'could not be created',
    ],
    ['is another class', class Other {}, 'Other does not extend ServerEndpointConfig.Configurator'],
  ])('that %s throws a DeploymentException', async (_what, configurator, why) => {
    @ServerEndpoint('/bad', { configurator: configurator as typeof Counted })
    class Bad {
      @OnMessage receive(_text: string): void {}
    }
    const server = await TestServer.start();
    const deploying = (): void => server.container.addEndpoint(Bad);
    expect(deploying).toThrow(
      expect.objectContaining({ name: 'DeploymentException', code: 'WS_DEPLOY_BAD_CONFIGURATOR' }),
    );
    expect(made).toBe(0);
    expect(() => attach(server.http).addEndpoint(Bad)).toThrow(why);
  });
});

describe('[WSC-3.1.2-1] the subprotocol', () => {
  /** An endpoint that supports v1 and v2 and sends the negotiated one. */
  class Telling extends Endpoint {
    override onOpen(session: Session): void {
      void session.getBasicRemote().sendText(`[${session.getNegotiatedSubprotocol()}]`);
    }
  }
  const telling = (configurator: Configurator | null = null): ServerEndpointConfig =>
    ServerEndpointConfig.Builder.create(Telling, '/chat').subprotocols(['v1', 'v2']).configurator(configurator).build();

  test.each([
    ['v2, v1', 'v2'],
    ['v1, v2', 'v1'],
    ['v9, v2', 'v2'],
    [['v9', 'v2', 'v1'], 'v2'],
    ['v2,v1', 'v2'],
    ['v9', ''],
    ['V1', ''],
    ['__proto__, constructor', ''],
    [null, ''],
  ] as const)('of the offer %j is %j: the first of the client’s list', async (offer, chosen) => {
    const server = await TestServer.start({}, telling());
    const { status, headers, client } = await server.request('/chat', { 'Sec-WebSocket-Protocol': offer });
    expect(status).toBe(101);
    expect(headers.get('sec-websocket-protocol')).toEqual(chosen === '' ? undefined : [chosen]);
    expect(await client.text()).toBe(`[${chosen}]`);
  });

  test('comes from the configurator, which receives both lists', async () => {
    const seen: unknown[] = [];
    class Choosing extends Configurator {
      override getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]): string {
        seen.push(supported, requested);
        return requested.at(-1) ?? '';
      }
    }
    const server = await TestServer.start({}, telling(new Choosing()));
    const { headers } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v2, v7' });
    expect(headers.get('sec-websocket-protocol')).toEqual(['v7']);
    await server.open('/chat');
    expect(seen).toEqual([['v1', 'v2'], ['v2', 'v7'], ['v1', 'v2'], []]);
  });

  test.each([undefined, null, ''])('%p means none', async (choice) => {
    const server = await serverThat('getNegotiatedSubprotocol', () => choice);
    const { status, lines } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v1' });
    expect([status, lines.length]).toEqual([101, 3]);
  });

  test.each(['v2', 'v1\r\nX-Evil: 1', 42])('%p, which the client did not request, is a 500', async (choice) => {
    const server = await serverThat('getNegotiatedSubprotocol', () => choice);
    const { status, headers } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v1' });
    expect(status).toBe(500);
    expect(headers.has('x-evil')).toBe(false);
    expect(server.log.entries.join('\n')).toContain('which the client did not request: v1.');
  });
});

describe('[WSC-3.1.3-1] extensions', () => {
  const DEFLATE = 'permessage-deflate';

  test('a configurator receives the endpoint’s extensions, the other installed ones, and the client’s offer', async () => {
    const seen: string[] = [];
    const show = (list: readonly Extension[]): string =>
      list
        .map((one) => [one.getName(), ...one.getParameters().map((p) => `${p.getName()}=${p.getValue()}`)].join(';'))
        .join(' ');
    class Noting extends Configurator {
      override getNegotiatedExtensions(
        installed: readonly Extension[],
        requested: readonly Extension[],
      ): readonly Extension[] | Promise<readonly Extension[]> {
        seen.push(show(installed), show(requested));
        return super.getNegotiatedExtensions(installed, requested);
      }
    }
    const server = await TestServer.start(
      { perMessageDeflate: true },
      chatWith(new Noting(), (builder) => builder.extensions([createExtension('x-zip'), createExtension(DEFLATE)])),
    );
    const { headers } = await server.request('/chat', {
      'Sec-WebSocket-Extensions': ['x-zip; level=9', `${DEFLATE}; client_max_window_bits`],
    });
    expect(seen).toEqual([`x-zip ${DEFLATE}`, `x-zip;level=9 ${DEFLATE};client_max_window_bits=`]);
    // No engine supports x-zip, so the response does not contain it.
    expect(headers.get('sec-websocket-extensions')).toEqual([DEFLATE]);
  });

  test.each<[string, unknown, string[] | undefined]>([
    ['none', [], undefined],
    ['one that nobody has', [createExtension('x-zip')], undefined],
    ['the offered one', [createExtension(DEFLATE)], [DEFLATE]],
  ])('a configurator that chooses %s decides', async (_what, choice, agreed) => {
    const server = await TestServer.start(
      { perMessageDeflate: true },
      chatWith(
        new (class extends Configurator {
          override getNegotiatedExtensions(): readonly Extension[] {
            return choice as Extension[];
          }
        })(),
      ),
    );
    const { headers } = await server.request('/chat', { 'Sec-WebSocket-Extensions': DEFLATE });
    expect(headers.get('sec-websocket-extensions')).toEqual(agreed);
  });

  test('RFC 6455 9.1: the response contains no extension that the client did not offer', async () => {
    class Generous extends Configurator {
      override getNegotiatedExtensions(): readonly Extension[] {
        return [createExtension(DEFLATE)];
      }
    }
    const server = await TestServer.start({ perMessageDeflate: true }, chatWith(new Generous()));
    expect((await server.request('/chat')).lines).toHaveLength(3);
  });

  test.each([undefined, null, 42, [null], [{}]])('%p is a 500', async (choice) => {
    const server = await serverThat('getNegotiatedExtensions', () => choice);
    expect((await server.request('/chat')).status).toBe(500);
  });
});

describe('modifyHandshake', () => {
  function modifying(
    modify: (headers: Map<string, string[]>, config: ServerEndpointConfig, request: HandshakeRequest) => void,
  ): Promise<TestServer> {
    class Modifying extends Configurator {
      override modifyHandshake(
        config: ServerEndpointConfig,
        request: HandshakeRequest,
        response: HandshakeResponse,
      ): void {
        modify(response.getHeaders(), config, request);
      }
    }
    return TestServer.start(
      {},
      chatWith(new Modifying(), (builder) => builder.subprotocols(['v1'])),
    );
  }

  const OWN_LINES = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'Sec-WebSocket-Protocol: v1',
  ];

  test('adds headers to the 101, each value on its own line', async () => {
    const server = await modifying((headers) => {
      headers.set('Set-Cookie', ['a=1; HttpOnly', 'b=2']);
      headers.set('X-Server', ['serval']);
      headers.set('X-None', []);
      headers.get('x-server')?.push('again');
    });
    const { status, lines } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v1' });
    expect(status).toBe(101);
    expect(lines).toEqual([
      ...OWN_LINES,
      'Set-Cookie: a=1; HttpOnly',
      'Set-Cookie: b=2',
      'X-Server: serval',
      'X-Server: again',
    ]);
  });

  test('receives the headers of the handshake, with names in any case', async () => {
    const seen: unknown[] = [];
    const server = await modifying((headers) => {
      seen.push(headers.get('SEC-WEBSOCKET-ACCEPT'), headers.get('sec-websocket-protocol'), headers.has('UPGRADE'));
    });
    await server.open('/chat', { 'Sec-WebSocket-Protocol': 'v1' });
    expect(seen).toEqual([['s3pPLMBiTxaQ9kYGzzhZRbK+xOo='], ['v1'], true]);
  });

  test.each(['Upgrade', 'connection', 'SEC-WEBSOCKET-ACCEPT', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'])(
    'cannot change, double or remove %s',
    async (name) => {
      for (const modify of [
        (headers: Map<string, string[]>) => void headers.set(name, ['evil']),
        (headers: Map<string, string[]>) => void headers.get(name)?.push('evil'),
        (headers: Map<string, string[]>) => void headers.delete(name),
        (headers: Map<string, string[]>) => headers.clear(),
      ]) {
        const server = await modifying(modify);
        const { status, lines } = await server.request('/chat', { 'Sec-WebSocket-Protocol': 'v1' });
        expect(status).toBe(101);
        expect(lines).toEqual(OWN_LINES);
      }
    },
  );

  test.each([
    ['a value with a line break', 'X-A', ['1\r\nX-Evil: 1']],
    ['a value with a bare line feed', 'X-A', ['1\nX-Evil: 1']],
    ['a value with a NUL', 'X-A', ['1\0']],
    ['a value beyond latin1', 'X-A', ['→']],
    ['a value that is no text', 'X-A', [42 as unknown as string]],
    ['values that are one text', 'X-A', 'text' as unknown as string[]],
    ['a name with a space', 'X A', ['1']],
    ['a name with a line break', 'X-A\r\nX-Evil', ['1']],
    ['an empty name', '', ['1']],
  ])('that sets %s is a 500, and its header is not sent', async (_what, name, values) => {
    const server = await modifying((headers) => void headers.set(name, values));
    const { status, lines, client } = await server.request('/chat');
    expect(status).toBe(500);
    expect(lines.some((line) => line.startsWith('X'))).toBe(false);
    expect(await client.end()).toBe('');
    expect(server.log.entries.join('\n')).toContain(
      `error The handshake for /chat failed: modifyHandshake set a header that HTTP does not allow: ${JSON.stringify(name)}`,
    );
    expect(CALLS).toEqual([]);
    expect(server.container.getSessions().size).toBe(0);
  });

  test('receives the configuration of this connection', async () => {
    const seen: unknown[] = [];
    const server = await modifying((_headers, config, request) => {
      seen.push(config.getPath(), config.getEndpointClass(), config.getSubprotocols(), config.getInboundMode());
      seen.push(request.getRequestURI().pathname);
    });
    await server.open('/chat');
    expect(seen).toEqual(['/chat', Chat, ['v1'], 'serial', '/chat']);
  });
});

describe('user properties', () => {
  class Greeting extends Endpoint {
    override onOpen(session: Session, config: EndpointConfig): void {
      const show = (map: Map<string, unknown>): string => JSON.stringify(Object.fromEntries(map));
      void session
        .getBasicRemote()
        .sendText(`${show(config.getUserProperties())} ${show(session.getUserProperties())}`);
      session.getUserProperties().set('seen', true);
      config.getUserProperties().set('seen', true);
    }
  }

  test('are a copy for each connection, which modifyHandshake edits and which seeds the session', async () => {
    const bothThere = new Gate();
    const shared = { list: 'by reference' };
    let there = 0;
    class Naming extends Configurator {
      override async modifyHandshake(config: ServerEndpointConfig, request: HandshakeRequest): Promise<void> {
        const name = request.getParameterMap().get('name')?.[0];
        config.getUserProperties().set('name', name);
        if ((there += 1) === 2) bothThere.open();
        await bothThere.promise;
        expect(config.getUserProperties().get('name')).toBe(name);
        expect(config.getUserProperties().get('shared')).toBe(shared);
      }
    }
    const config = ServerEndpointConfig.Builder.create(Greeting, '/greeting').configurator(new Naming()).build();
    config.getUserProperties().set('shared', shared);
    const server = await TestServer.start({}, config);
    const clients = await Promise.all([server.open('/greeting?name=ada'), server.open('/greeting?name=grace')]);
    const greeting = (name: string): string => JSON.stringify({ shared, name });
    expect(await clients[0].text()).toBe(`${greeting('ada')} ${greeting('ada')}`);
    expect(await clients[1].text()).toBe(`${greeting('grace')} ${greeting('grace')}`);
    // A third one starts from the deployed values.
    const third = await server.open('/greeting?name=joan');
    expect(await third.text()).toBe(`${greeting('joan')} ${greeting('joan')}`);
    expect([...config.getUserProperties().keys()]).toEqual(['shared']);
  });
});

describe('the endpoint instance', () => {
  test('[WSC-3.1.7-2] is a new one for each connection', async () => {
    const server = await TestServer.start({}, Chat);
    await server.open('/chat');
    await server.open('/chat');
    expect(CALLS.filter((call) => call === 'constructor')).toHaveLength(2);
  });

  test('[WSC-3.1.7-1] comes from the configurator, for each connection, which may return a shared instance', async () => {
    const one = new Chat();
    CALLS.length = 0;
    const server = await serverThat('getEndpointInstance', () => one);
    for (const text of ['a', 'b']) {
      const client = await server.open('/chat');
      client.send(clientFrame(0x81, text));
      expect(await client.text()).toBe(`you said ${text}`);
    }
    expect(CALLS.filter((call) => call === 'getEndpointInstance')).toHaveLength(2);
    expect(CALLS).not.toContain('constructor');
  });

  test('whose constructor throws is a 500, before any 101', async () => {
    class Broken extends Endpoint {
      constructor() {
        super();
        throw new Error('no tea left');
      }
      override onOpen(): void {}
    }
    const server = await TestServer.start({}, ServerEndpointConfig.Builder.create(Broken, '/broken').build());
    expect((await server.request('/broken')).status).toBe(500);
    expect(server.log.entries).toContain('error The handshake for /broken failed: no tea left');
    expect(server.container.getSessions().size).toBe(0);
  });

  test.each([undefined, null, 42, 'Chat', Chat])('%p is not an instance, and gives 500', async (instance) => {
    const server = await serverThat('getEndpointInstance', () => instance);
    expect((await server.request('/chat')).status).toBe(500);
    expect(server.log.entries.join('\n')).toMatch(/getEndpointInstance for Chat returned [^]*; expected an object\./);
  });

  test('comes from the container’s instanceFactory, which receives the request', async () => {
    const asked: unknown[] = [];
    const server = await TestServer.start(
      {
        instanceFactory: (endpointClass, request) => {
          asked.push(endpointClass, request.getQueryString());
          return new endpointClass();
        },
      },
      Chat,
    );
    const client = await server.open('/chat?x=1');
    client.send(clientFrame(0x81, 'hello'));
    expect(await client.text()).toBe('you said hello');
    expect(asked).toEqual([Chat, 'x=1']);
  });

  test('from an instanceFactory may be asynchronous and have constructor arguments', async () => {
    @ServerEndpoint('/tea/{kind}')
    class TeaRoom {
      constructor(private readonly tea: Tea) {}
      @OnMessage drink(_text: string): string {
        return this.tea.kind ?? 'none';
      }
    }
    const server = await TestServer.start(
      {
        instanceFactory: async (endpointClass, request) => {
          await turn();
          const tea = new Tea(request.getParameterMap().get('kind')?.[0]);
          return new (endpointClass as unknown as new (tea: Tea) => InstanceType<typeof endpointClass>)(tea);
        },
      },
      TeaRoom,
    );
    const client = await server.open('/tea/oolong');
    client.send(clientFrame(0x81, 'please'));
    expect(await client.text()).toBe('oolong');
  });

  test('from an instanceFactory that throws is a 500; a HandshakeRejection sets another status', async () => {
    let failure: Error = new Error('no bean');
    const server = await TestServer.start({ instanceFactory: () => Promise.reject(failure) }, Chat);
    expect((await server.request('/chat')).status).toBe(500);
    failure = new HandshakeRejection(429, { headers: { 'Retry-After': '7' } });
    const { status, headers } = await server.request('/chat');
    expect([status, headers.get('retry-after')]).toEqual([429, ['7']]);
  });

  test('super.getEndpointInstance calls the instanceFactory, for this class only', async () => {
    const asked: unknown[] = [];
    class Delegating extends Configurator {
      override async getEndpointInstance<T extends object>(
        endpointClass: EndpointClass<T>,
        request?: HandshakeRequest,
      ): Promise<T> {
        await turn();
        return super.getEndpointInstance(endpointClass, request);
      }
    }
    const server = await TestServer.start(
      {
        instanceFactory: <T extends object>(endpointClass: EndpointClass<T>): T => {
          asked.push(endpointClass);
          return new Chat() as unknown as T;
        },
      },
      chatWith(new Delegating()),
    );
    await server.open('/chat');
    expect(asked).toEqual([Chat]);
  });

  describe('of a class whose constructor needs arguments', () => {
    class NeedsTea extends Endpoint {
      constructor(readonly tea: Tea) {
        super();
      }
      override onOpen(session: Session): void {
        void session.getBasicRemote().sendText(this.tea.kind ?? 'none');
      }
    }
    const config = (configurator: Configurator | null = null): ServerEndpointConfig =>
      ServerEndpointConfig.Builder.create(NeedsTea, '/tea').configurator(configurator).build();

    test.each([
      ['without a configurator', null],
      ['with one that leaves it to the container', new Configurator()],
      [
        'with one that overrides something else',
        new (class extends Configurator {
          override modifyHandshake(): void {}
        })(),
      ],
    ])('cannot be created, so the endpoint is not deployed (%s)', async (_what, configurator) => {
      const server = await TestServer.start();
      expect(() => server.container.addEndpoint(config(configurator))).toThrow(
        new DeploymentException(
          'The constructor of NeedsTea declares 1 parameter(s), but the container calls it without arguments. Remove ' +
            'them, set the option instanceFactory, or override getEndpointInstance in a configurator.',
        ),
      );
    });

    test('is created by a configurator that overrides getEndpointInstance', async () => {
      class Brewing extends Configurator {
        override getEndpointInstance<T extends object>(): T {
          return new NeedsTea(new Tea('green')) as unknown as T;
        }
      }
      const server = await TestServer.start({}, config(new Brewing()));
      expect(await (await server.open('/tea')).text()).toBe('green');
    });
  });
});

describe('codecs', () => {
  /** A decoder class that logs its calls and fails at a given one. */
  function codec(name: string, fails?: 'constructor' | 'init' | 'destroy') {
    const at = (moment: 'constructor' | 'init' | 'destroy'): void => {
      CALLS.push(`${name} ${moment}`);
      if (fails === moment) throw new Error(`${name} cannot ${moment}`);
    };
    return class implements Decoder.Text<Date> {
      static readonly decodes = Decoder.text(Date);
      constructor() {
        at('constructor');
      }
      init(config: EndpointConfig): void {
        at('init');
        expect(config.getUserProperties().get('from')).toBe('modifyHandshake');
      }
      decode(): Date {
        return new Date();
      }
      destroy(): void {
        at('destroy');
      }
    };
  }

  class Preparing extends Configurator {
    override modifyHandshake(config: ServerEndpointConfig): void {
      config.getUserProperties().set('from', 'modifyHandshake');
    }
  }

  test.each([
    [
      'constructor',
      undefined,
      ['a constructor', 'a init', 'b constructor', 'b init', 'c constructor', 'b destroy', 'a destroy'],
    ],
    [
      'init',
      undefined,
      ['a constructor', 'a init', 'b constructor', 'b init', 'c constructor', 'c init', 'b destroy', 'a destroy'],
    ],
    [
      'init',
      'destroy',
      ['a constructor', 'a init', 'b constructor', 'b init', 'c constructor', 'c init', 'b destroy', 'a destroy'],
    ],
  ] as const)(
    'one that fails in its %s is a 500, and those before it are destroyed (%p)',
    async (moment, alsoFails, expected) => {
      const decoders = [codec('a'), codec('b', alsoFails), codec('c', moment), codec('d')];
      const server = await TestServer.start(
        {},
        chatWith(new Preparing(), (builder) => builder.decoders(decoders)),
      );
      const { status, client } = await server.request('/chat');
      expect(status).toBe(500);
      expect(await client.end()).toBe('');
      const calls = CALLS.filter((call) => call !== 'constructor');
      expect([...calls].sort()).toEqual([...expected].sort());
      expect(calls.slice(0, -2)).toEqual(expected.slice(0, -2));
      expect(server.log.entries).toContain(`error The handshake for /chat failed: c cannot ${moment}`);
      expect(server.container.getSessions().size).toBe(0);
    },
  );

  test('are destroyed when the session ends', async () => {
    const destroyed = new Gate();
    class Telling extends codec('a') {
      override destroy(): void {
        super.destroy();
        destroyed.open();
      }
    }
    const config = chatWith(new Preparing(), (builder) => builder.decoders([Telling]));
    const server = await TestServer.start({}, config);
    const client = await server.open('/chat');
    expect(CALLS).not.toContain('a destroy');
    client.send(closeFrame(1000));
    await client.close();
    client.finish();
    await destroyed.promise;
    expect(CALLS.filter((call) => call === 'a destroy')).toHaveLength(1);
  });
});

test('a configurator’s failure in one container does not affect another on the same server', async () => {
  const server = await serverThat('modifyHandshake', () => {
    throw new Error('no');
  });
  const second = attach(server.http, { contextPath: '/second' });
  second.addEndpoint(Chat);
  expect((await server.request('/chat')).status).toBe(500);
  const client = await connectTo(server.port);
  client.send(upgradeRequest('/second/chat'));
  expect((await client.response()).status).toBe(101);
});
