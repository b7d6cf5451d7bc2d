import {
  Encoder,
  HandshakeRejection,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type EndpointClass,
} from '@serval/api';
import type { ServerContainerOptions } from '../src/container-options';
import { clientFrame } from './raw-connection';
import { TestServer } from './test-server';
import { turn } from '../../testing/test/toolbox';

// No value that user code returns, throws or attaches does harm: the server answers the client, the process has no
// unhandled rejection (which would fail the end of each test), and the server serves the next client.

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

const WITHOUT_TEXT: unknown = Object.create(null);
const HOSTILE: unknown = new Proxy(new Error('hidden'), {
  get: () => {
    throw new Error('not readable');
  },
  getPrototypeOf: () => {
    throw new Error('no prototype');
  },
  has: () => {
    throw new Error('nothing is in it');
  },
});

function rejectionWith(values: object, status = 401): HandshakeRejection {
  return Object.assign(new HandshakeRejection(status), values);
}

function withGetter(name: string): HandshakeRejection {
  return Object.defineProperty(new HandshakeRejection(401), name, {
    get: () => {
      throw new Error('a getter threw');
    },
  });
}

function cyclic(): Error {
  const error: Error & { cause?: unknown } = new Error('cyclic');
  error.cause = error;
  return error;
}

const THENABLE_THAT_THROWS = {
  get then(): never {
    throw new Error('no then');
  },
};

const THROWN: readonly [what: string, thrown: () => unknown, status: number][] = [
  ['a rejection whose body has no text', () => rejectionWith({ response: { body: WITHOUT_TEXT } }), 401],
  ['a rejection whose body is a symbol', () => rejectionWith({ response: { body: Symbol('body') } }), 401],
  ['a rejection whose body is hostile', () => rejectionWith({ response: { body: HOSTILE } }), 401],
  ['a rejection without a response', () => rejectionWith({ response: null }), 401],
  ['a rejection with a hostile response', () => rejectionWith({ response: HOSTILE }), 401],
  ['a rejection whose headers are hostile', () => rejectionWith({ response: { headers: HOSTILE } }), 401],
  [
    'a rejection with a header without a text',
    () => rejectionWith({ response: { headers: { a: WITHOUT_TEXT } } }),
    401,
  ],
  ['a rejection with a hostile header', () => rejectionWith({ response: { headers: { a: HOSTILE } } }), 401],
  ['a rejection with nested header lines', () => rejectionWith({ response: { headers: { a: [['1'], [2]] } } }), 401],
  ['a rejection whose headers are a text', () => rejectionWith({ response: { headers: 'X: 1' } }), 401],
  ['a rejection whose close reason is none', () => rejectionWith({ closeReason: { code: 4000 } }), 401],
  ['a rejection whose close reason is hostile', () => rejectionWith({ closeReason: HOSTILE }), 401],
  ['a rejection with a close phrase that is no text', () => rejectionWith({ closeReason: phraseOf(5) }), 401],
  ['a rejection with the status NaN', () => rejectionWith({ status: NaN }), 500],
  ['a rejection with the status 101', () => rejectionWith({ status: 101 }), 500],
  ['a rejection with a status that is a text', () => rejectionWith({ status: '401' }), 500],
  ['a rejection that was made without its constructor', () => Object.create(HandshakeRejection.prototype), 500],
  ['a rejection whose status throws', () => withGetter('status'), 500],
  ['a rejection whose response throws', () => withGetter('response'), 401],
  ['a rejection whose message throws', () => withGetter('message'), 401],
  ['a rejection whose close reason throws', () => withGetter('closeReason'), 401],
  ['a hostile proxy', () => HOSTILE, 500],
  ['an object without a text', () => WITHOUT_TEXT, 500],
  ['undefined', () => undefined, 500],
  ['an error that is its own cause', cyclic, 500],
  ['a thenable that throws', () => THENABLE_THAT_THROWS, 500],
  ['a promise that rejects', () => Promise.reject(new Error('nobody waits for it')).catch(() => undefined), 500],
];

function phraseOf(phrase: unknown): object {
  return { getCloseCode: () => ({ getCode: () => 4000 }), getReasonPhrase: () => phrase, toString: () => '' };
}

/** The places in a handshake that run user code, each with a server that calls `userCode` there. */
type Place = (userCode: () => unknown) => {
  readonly options?: ServerContainerOptions;
  readonly endpoint?: EndpointClass | ServerEndpointConfig;
  readonly headers?: Readonly<Record<string, string>>;
};

function configured(methods: object): ServerEndpointConfig {
  const configurator = Object.assign(new ServerEndpointConfig.Configurator(), methods);
  return ServerEndpointConfig.Builder.create(Chat, '/chat').configurator(configurator).build();
}

// User code returns and throws what its types do not allow.
const untyped = (options: object): ServerContainerOptions => options;

const PLACES: Readonly<Record<string, Place>> = {
  authenticate: (userCode) => ({ options: untyped({ authenticate: userCode }) }),
  allowedOrigins: (userCode) => ({
    options: untyped({ allowedOrigins: userCode }),
    headers: { Origin: 'http://other.example' },
  }),
  instanceFactory: (userCode) => ({ options: untyped({ instanceFactory: userCode }) }),
  checkOrigin: (userCode) => ({ endpoint: configured({ checkOrigin: userCode }) }),
  getNegotiatedSubprotocol: (userCode) => ({ endpoint: configured({ getNegotiatedSubprotocol: userCode }) }),
  getNegotiatedExtensions: (userCode) => ({ endpoint: configured({ getNegotiatedExtensions: userCode }) }),
  modifyHandshake: (userCode) => ({ endpoint: configured({ modifyHandshake: userCode }) }),
  getEndpointInstance: (userCode) => ({ endpoint: configured({ getEndpointInstance: userCode }) }),
};

/** The status of a handshake with this user code. The server must still work afterwards. */
async function statusOf(place: Place, userCode: () => unknown): Promise<number> {
  let isArmed = true;
  const { options, endpoint, headers } = place(() => {
    if (isArmed) return userCode();
    throw new HandshakeRejection(418);
  });
  const server = await TestServer.start(options, endpoint ?? Chat);
  const { status, client } = await server.request('/chat', headers);
  client.destroy();
  isArmed = false;
  expect((await server.request('/chat', headers)).status).toBe(418);
  await turn();
  return status;
}

describe.each(Object.entries(PLACES))('%s', (_name, place) => {
  test.each(THROWN)('may throw %s', async (_what, thrown, status) => {
    const throwing = (): never => {
      throw thrown();
    };
    expect(await statusOf(place, throwing)).toBe(status);
    expect(await statusOf(place, () => Promise.reject<never>(thrown() as Error))).toBe(status);
  });

  test.each<[string, unknown]>([
    ['a hostile proxy', HOSTILE],
    ['a thenable that throws', THENABLE_THAT_THROWS],
    ['a thenable that throws when it is awaited', { then: () => throwNow() }],
    ['an object without a text', WITHOUT_TEXT],
    ['a list of invalid values', [WITHOUT_TEXT, null, Symbol('x')]],
    ['a symbol', Symbol('returned')],
  ])('may return %s', async (_what, returned) => {
    // If the value is useless, the answer is 500. If only its truth counts, or nothing, the handshake succeeds.
    expect([101, 500]).toContain(await statusOf(place, () => returned));
  });
});

function throwNow(): never {
  throw new Error('thrown by then');
}

test('authenticate that returns false, true or text fails with 500', async () => {
  for (const returned of [false, true, 'ann', 5]) {
    const server = await TestServer.start(untyped({ authenticate: () => returned }), Chat);
    expect((await server.request('/chat')).status).toBe(500);
    expect(server.log.entries.at(-1)).toBe(
      `error The handshake for /chat failed: authenticate returned ${JSON.stringify(returned)}; expected an object with ` +
        'getName(), or null for no user. Throw a HandshakeRejection to refuse.',
    );
  }
});

test('authenticate that returns an object without getName fails with 500', async () => {
  const server = await TestServer.start(untyped({ authenticate: () => ({ name: 'ann' }) }), Chat);
  expect((await server.request('/chat')).status).toBe(500);
  expect(server.log.entries.at(-1)).toMatch(
    /^error The handshake for \/chat failed: authenticate returned .+; expected an object with getName\(\), or null/,
  );
});

describe('a header that a refusal must not have', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['Content-Length', { 'Content-Length': '5' }, 'the refusal sets it itself'],
    ['Transfer-Encoding', { 'transfer-encoding': 'chunked' }, 'the refusal sets it itself'],
    ['Connection', { Connection: 'keep-alive' }, 'the refusal sets it itself'],
    ['a name with a space', { 'X A': '1' }, 'HTTP does not allow its name or value'],
    ['a value with a line end', { 'X-A': 'a\r\nX-B: 1' }, 'HTTP does not allow its name or value'],
    ['a value that is no text', { 'X-A': true }, 'HTTP does not allow its name or value'],
  ])('is left out, and logged once: %s', async (_what, headers, why) => {
    const authenticate = (): never => {
      throw rejectionWith({ response: { headers: { ...headers, 'X-Good': ['1', '2'] }, body: 'no\n' } }, 403);
    };
    const server = await TestServer.start({ authenticate }, Chat);
    for (let round = 0; round < 2; round += 1) {
      const response = await server.request('/chat');
      expect(response).toMatchObject({ status: 403, body: 'no\n' });
      expect(response.lines.filter((line) => !line.startsWith('X-Good'))).toEqual([
        'Content-Type: text/plain; charset=utf-8',
        'Content-Length: 3',
        'Connection: close',
      ]);
      expect(response.headers.get('x-good')).toEqual(['1', '2']);
    }
    const [name] = Object.keys(headers);
    expect(server.log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
      'warn The handshake for /chat was refused with 403: no (by authenticate)',
      `warn The handshake for /chat: The header ${JSON.stringify(name)} of the HandshakeRejection was left out: ${why}.`,
    ]);
  });

  test('warns about headers in a Map, which it cannot send', async () => {
    const authenticate = (): never => {
      throw rejectionWith({ response: { headers: new Map([['X-A', '1']]) } });
    };
    const server = await TestServer.start({ authenticate }, Chat);
    expect((await server.request('/chat')).status).toBe(401);
    expect(server.log.entries.at(-1)).toMatch(/^warn .* were left out: they are not an object of names and values\.$/);
  });
});

describe('a header that a 101 must not have', () => {
  test.each(['Content-Length', 'transfer-encoding', 'Trailer', 'TE', 'Keep-Alive', 'Proxy-Connection'])(
    'set by modifyHandshake is left out, and logged once: %s',
    async (name) => {
      const modifyHandshake: ServerEndpointConfig.Configurator['modifyHandshake'] = (_config, _request, response) => {
        response.getHeaders().set(name, ['0']);
        response.getHeaders().set('X-Good', ['1', '2']);
      };
      const server = await TestServer.start({}, configured({ modifyHandshake }));
      for (let round = 0; round < 2; round += 1) {
        const { status, lines, client } = await server.request('/chat');
        expect([status, lines.slice(3)]).toEqual([101, ['X-Good: 1', 'X-Good: 2']]);
        client.send(clientFrame(0x81, 'hi'));
        expect(await client.text()).toBe('you said hi');
      }
      expect(server.log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
        `warn The handshake for /chat: modifyHandshake set ${JSON.stringify(name)}, which was left out: ` +
          'a response that opens a WebSocket has no body.',
      ]);
    },
  );
});

test.each<[string, () => unknown]>([
  ['rejects', () => Promise.reject(new Error('the log is full'))],
  ['throws', throwNow],
  ['returns a thenable that throws', () => ({ then: () => throwNow() })],
  ['returns a hostile proxy', () => HOSTILE],
])('a logger that %s affects no session', async (_what, write) => {
  // Like an async method in JavaScript.
  const logger = { error: write, warn: write, debug: write };
  const authenticate = (): never => throwNow();
  const server = await TestServer.start({ logger, authenticate }, Chat);
  expect((await server.request('/chat')).status).toBe(500);
  await turn();
  expect((await server.request('/chat')).status).toBe(500);
});

test('destroys the session’s codecs if the engine fails', async () => {
  const destroyed: string[] = [];
  class Thing {}
  class Texts {
    static readonly encodes = Encoder.text(Thing);
    encode(): string {
      return 'a thing';
    }
    destroy(): void {
      destroyed.push('destroyed');
    }
  }
  @ServerEndpoint('/coded', { encoders: [Texts] })
  class Coded {}
  const engine = {
    installedExtensions: [],
    accept: (): never => {
      throw new Error('the engine failed');
    },
  };
  const server = await TestServer.start({ engine }, Coded);
  expect((await server.request('/coded')).status).toBe(500);
  expect(destroyed).toEqual(['destroyed']);
});

test('a session survives all of these tests', async () => {
  const server = await TestServer.start({}, Chat);
  const client = await server.open('/chat');
  client.send(clientFrame(0x81, 'hi'));
  expect(await client.text()).toBe('you said hi');
});
