import { once } from 'node:events';
import { createConnection } from 'node:net';
import { types } from 'node:util';
import {
  ClientEndpoint,
  ClientEndpointConfig,
  createExtension,
  DeploymentException,
  Endpoint,
  HandshakeException,
  type ErrorCode,
  type Session,
} from '@serval/api';
import { ClientContainer } from '../src';
import { accepting, LiteralServer, status, type Answer } from './literal-server';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';

const container = new ClientContainer({ logger: silent, sessionCloseTimeout: 200 });

class Listener extends Endpoint {
  readonly inbox = new Inbox();
  override onOpen(session: Session): void | Promise<void> {
    session.addMessageHandler(String, (text: string) => this.inbox.add(text));
  }
}

/** Records its calls and their arguments. */
class Recorder extends ClientEndpointConfig.Configurator {
  readonly responses: Map<string, string[]>[] = [];
  calls = 0;
  constructor(private readonly edit: (headers: Map<string, string[]>) => unknown = () => undefined) {
    super();
  }
  override async beforeRequest(headers: Map<string, string[]>) {
    this.calls++;
    await this.edit(headers);
  }
  override afterResponse(response: { getHeaders(): Map<string, string[]> }) {
    this.responses.push(response.getHeaders());
  }
}

const builder = () => ClientEndpointConfig.Builder.create();

async function connectTo(server: LiteralServer, config = builder().build(), path = '/'): Promise<Session> {
  const session = await container.connectToServer(Listener, config, server.url(path));
  afterTest(() => session.close());
  return session;
}

describe('RFC 6455 4.1: the request', () => {
  test('has exactly the required headers', async () => {
    const server = await LiteralServer.start();
    await connectTo(server, undefined, '/prices/of%20tea?symbol=A&x=%2F');
    const { requestLine, headers } = server.last;
    expect(requestLine).toBe('GET /prices/of%20tea?symbol=A&x=%2F HTTP/1.1');
    expect(Object.fromEntries(headers)).toEqual({
      host: `127.0.0.1:${server.port}`,
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-key': expect.stringMatching(/^[A-Za-z0-9+/]{21}[AQgw]==$/),
      'sec-websocket-version': '13',
    });
  });

  test('has a new key each time', async () => {
    const server = await LiteralServer.start();
    await connectTo(server);
    await connectTo(server);
    const [first, second] = server.requests.map(({ headers }) => headers.get('sec-websocket-key'));
    expect(first).not.toBe(second);
  });

  test('lists subprotocols in order of preference, and extensions with the endpoint’s own first', async () => {
    const server = await LiteralServer.start(accepting('Sec-WebSocket-Protocol: soap'));
    const config = builder()
      .preferredSubprotocols(['wamp', 'soap'])
      .extensions([
        createExtension('permessage-deflate'),
        createExtension('x-lzma', [
          ['level', '9'],
          ['fast', ''],
        ]),
      ])
      .build();
    const session = await connectTo(server, config);
    expect(server.last.headers.get('sec-websocket-protocol')).toBe('wamp, soap');
    expect(server.last.headers.get('sec-websocket-extensions')).toMatch(
      /^x-lzma; level=9; fast, permessage-deflate(;|$)/,
    );
    expect(session.getNegotiatedSubprotocol()).toBe('soap');
    expect(session.getNegotiatedExtensions()).toEqual([]);
  });

  test('beforeRequest receives all headers, with names in any case, and may add and change some', async () => {
    const server = await LiteralServer.start();
    let seen: string[] = [];
    const configurator = new Recorder((headers) => {
      seen = [...headers.keys()];
      expect(headers.get('HOST')).toEqual([`127.0.0.1:${server.port}`]);
      headers.set('Origin', ['https://example.com']);
      headers.set('X-Twice', ['a', 'b']);
      headers.set('X-None', []);
    });
    await connectTo(server, builder().configurator(configurator).build());
    expect(seen).toEqual(['Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version']);
    expect(server.last.headers.get('origin')).toBe('https://example.com');
    // The last of two lines.
    expect(server.last.headers.get('x-twice')).toBe('b');
    expect(server.last.headers.has('x-none')).toBe(false);
  });

  test('beforeRequest cannot change the headers of the handshake itself', async () => {
    const server = await LiteralServer.start();
    const configurator = new Recorder((headers) => {
      headers.set('host', ['evil.example']);
      headers.set('Sec-WebSocket-Key', ['AAAA']);
      headers.set('Content-Length', ['5']);
      headers.delete('Upgrade');
      headers.get('Connection')?.push('close');
    });
    await connectTo(server, builder().configurator(configurator).build());
    const { headers } = server.last;
    expect(headers.get('host')).toBe(`127.0.0.1:${server.port}`);
    expect(headers.get('sec-websocket-key')).toHaveLength(24);
    expect(headers.get('upgrade')).toBe('websocket');
    expect(headers.get('connection')).toBe('Upgrade');
    expect(headers.has('content-length')).toBe(false);
  });

  test.each<[what: string, edit: (headers: Map<string, any>) => unknown, message: RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no token');
      },
      /^beforeRequest failed for ws:\/\/127.0.0.1:\d+\/: no token$/,
    ],
    ['rejects', () => Promise.reject(new Error('no token')), /no token$/],
    ['splits a header', (headers) => headers.set('X-A', ['a\r\nX-B: b']), /^beforeRequest failed/],
    ['sets an invalid name', (headers) => headers.set('X A', ['a']), /^beforeRequest failed/],
    ['sets no list', (headers) => headers.set('X-A', 'a'), /The value of X-A is a list of strings/],
  ])('is not sent when beforeRequest %s', async (_what, edit, message) => {
    const server = await LiteralServer.start();
    const error = await rejection(connectTo(server, builder().configurator(new Recorder(edit)).build()));
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual(['WS_CONNECT_ENDPOINT', expect.stringMatching(message)]);
    expect(server.requests).toHaveLength(0);
  });
});

/** The 101, with one line replaced; undefined leaves it out. */
function with101(name: string, line: string | undefined): Answer {
  return (request) => {
    const lines = String(accepting()(request)).split('\r\n');
    const at = lines.findIndex((one) => one.startsWith(`${name}:`));
    lines.splice(at, 1, ...(line === undefined ? [] : [line]));
    return lines.join('\r\n');
  };
}

describe('RFC 6455 4.1: a response that does not open the WebSocket', () => {
  test.each<[what: string, code: ErrorCode, answer: Answer, message: RegExp]>([
    ['404', 'WS_CONNECT_REFUSED', status('404 Not Found'), /refused the WebSocket with status 404; expected 101\.$/],
    [
      '200, as from a page',
      'WS_CONNECT_REFUSED',
      status('200 OK', 'Upgrade: websocket', 'Connection: Upgrade'),
      /status 200/,
    ],
    [
      '1. no Upgrade',
      'WS_CONNECT_BAD_ANSWER',
      with101('Upgrade', undefined),
      /found Upgrade: \(none\); expected websocket/,
    ],
    [
      '2. another Upgrade',
      'WS_CONNECT_BAD_ANSWER',
      with101('Upgrade', 'Upgrade: h2c'),
      /found Upgrade: h2c; expected websocket/,
    ],
    [
      '3. no Connection',
      'WS_CONNECT_BAD_ANSWER',
      with101('Connection', undefined),
      /found Connection: \(none\); expected Upgrade/,
    ],
    [
      '3. a Connection without Upgrade',
      'WS_CONNECT_BAD_ANSWER',
      with101('Connection', 'Connection: keep-alive'),
      /found Connection: keep-alive/,
    ],
    [
      '4. no Sec-WebSocket-Accept',
      'WS_CONNECT_BAD_ANSWER',
      with101('Sec-WebSocket-Accept', undefined),
      /found Sec-WebSocket-Accept: \(none\); expected the value that belongs to the key/,
    ],
    [
      '4. the Accept of another key',
      'WS_CONNECT_BAD_ANSWER',
      with101('Sec-WebSocket-Accept', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
      /found Sec-WebSocket-Accept: s3pPLM/,
    ],
    [
      '5. an extension that was not offered',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Extensions: permessage-deflate'),
      /found Sec-WebSocket-Extensions: permessage-deflate; expected none/,
    ],
    [
      '5. malformed extensions',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Extensions: ;'),
      /found Sec-WebSocket-Extensions: ;; expected a list of extensions/,
    ],
    [
      '6. a subprotocol that was not offered',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Protocol: chat'),
      /found Sec-WebSocket-Protocol: chat; expected one of v1, v2/,
    ],
    [
      '6. a subprotocol in another case',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Protocol: V1'),
      /found Sec-WebSocket-Protocol: V1/,
    ],
    [
      '6. two subprotocols',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Protocol: v1', 'Sec-WebSocket-Protocol: v2'),
      /expected the header once at most/,
    ],
    [
      '6. a subprotocol with a comma behind it',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Protocol: v1,'),
      /found Sec-WebSocket-Protocol: v1,/,
    ],
    [
      '6. a list of subprotocols',
      'WS_CONNECT_BAD_ANSWER',
      accepting('Sec-WebSocket-Protocol: v1, v2'),
      /found Sec-WebSocket-Protocol: v1, v2/,
    ],
  ])('%s', async (_what, code, answer, message) => {
    const server = await LiteralServer.start(answer);
    const configurator = new Recorder();
    const config = builder().preferredSubprotocols(['v1', 'v2']).configurator(configurator).build();
    const error = await rejection(connectTo(server, config));
    expect(error).toBeInstanceOf(DeploymentException);
    expect(error).toBeInstanceOf(HandshakeException);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.status).toBe(Number(String(answer(server.last)).slice(9, 12)));
    expect(error.headers).toBeInstanceOf(Map);
    expect(configurator.responses).toHaveLength(1);
    await server.deserted();
  });

  test('a subprotocol although none was requested', async () => {
    const server = await LiteralServer.start(accepting('Sec-WebSocket-Protocol: chat'));
    expect((await rejection(connectTo(server))).message).toMatch(/expected none, as none was requested/);
    await server.deserted();
  });

  test.each([
    ['Sec-WebSocket-Protocol: '],
    ['Sec-WebSocket-Extensions: '],
    ['Sec-WebSocket-Extensions: ,', 'Sec-WebSocket-Protocol:  '],
    ['Sec-WebSocket-Protocol: ', 'Sec-WebSocket-Protocol: '],
  ])('%s means no subprotocol, so the connection opens', async (...lines) => {
    const server = await LiteralServer.start(accepting(...lines));
    const session = await connectTo(server);
    expect([session.getNegotiatedSubprotocol(), session.getNegotiatedExtensions()]).toEqual(['', []]);
  });

  test('an empty line beside the chosen subprotocol is ignored', async () => {
    const server = await LiteralServer.start(accepting('Sec-WebSocket-Protocol: ', 'Sec-WebSocket-Protocol: v1'));
    const session = await connectTo(server, builder().preferredSubprotocols(['v1']).build());
    expect(session.getNegotiatedSubprotocol()).toBe('v1');
  });

  test('an offered extension that the engine does not support', async () => {
    const server = await LiteralServer.start(accepting('Sec-WebSocket-Extensions: x-lzma'));
    const config = builder()
      .extensions([createExtension('x-lzma')])
      .build();
    const error = await rejection(connectTo(server, config));
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_BAD_ANSWER',
      expect.stringMatching(/this client supports none of x-lzma/),
    ]);
    await server.deserted();
  });

  test('a parameter of permessage-deflate that was not offered', async () => {
    const server = await LiteralServer.start(accepting('Sec-WebSocket-Extensions: permessage-deflate; mode=fast'));
    const config = builder()
      .extensions([createExtension('permessage-deflate')])
      .build();
    const error = await rejection(connectTo(server, config));
    expect(error.message).toMatch(/permessage-deflate; mode=fast; expected an answer to the offer permessage-deflate/);
    await server.deserted();
  });

  test.each<[what: string, answer: Answer, code: ErrorCode, message: RegExp]>([
    [
      'what is no HTTP',
      () => 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
      'WS_CONNECT_BAD_ANSWER',
      /answered with something other than HTTP\/1\.1/,
    ],
    [
      'too many bytes of headers',
      accepting(`X-Long: ${'x'.repeat(9000)}`),
      'WS_CONNECT_BAD_ANSWER',
      /more than 8192 bytes of headers \(maxResponseHeaderBytes/,
    ],
    [
      'the end of the connection',
      ({ connection }) => void connection.end(),
      'WS_CONNECT_IO',
      /did not open the WebSocket: socket hang up\.$/,
    ],
    ['a reset', ({ connection }) => void connection.reset(), 'WS_CONNECT_IO', /did not open the WebSocket/],
  ])('%s: no response arrived', async (_what, answer, code, message) => {
    const server = await LiteralServer.start(answer);
    const configurator = new Recorder();
    const error = await rejection(connectTo(server, builder().configurator(configurator).build()));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(types.isNativeError(error.cause)).toBe(true);
    expect([error.status, error.headers]).toEqual([undefined, undefined]);
    expect(configurator.responses).toHaveLength(0);
    await server.deserted();
  });

  test('nothing listens on the port', async () => {
    const server = await LiteralServer.start();
    const gone = server.url().replace(String(server.port), '1');
    const error = await rejection(container.connectToServer(Listener, gone));
    expect([error.code, error.message]).toEqual(['WS_CONNECT_IO', expect.stringMatching(/ECONNREFUSED/)]);
    expect(error.cause.code).toBe('ECONNREFUSED');
  });

  test('a refusal provides status and headers, and its message does not show the query', async () => {
    const server = await LiteralServer.start(status('503 Service Unavailable', 'Retry-After: 7', 'X-A: 1', 'x-a: 2'));
    const error = await rejection(connectTo(server, undefined, '/a?token=secret'));
    expect(error.status).toBe(503);
    expect(error.headers.get('retry-after')).toEqual(['7']);
    expect(error.headers.get('X-A')).toEqual(['1', '2']);
    expect(error.message).not.toContain('secret');
  });

  test.each(['', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'])(
    'interim responses without end are refused, and nothing is left, before "%s"',
    async (end) => {
      const server = await LiteralServer.start(() => 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(101) + end);
      const error = await rejection(connectTo(server));
      expect([error.code, error.message]).toEqual([
        'WS_CONNECT_BAD_ANSWER',
        expect.stringMatching(/answered with more than 100 interim responses \(1xx\) and no final one/),
      ]);
      await server.deserted();
    },
  );

  test('skips interim responses', async () => {
    const server = await LiteralServer.start(
      (request) => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${String(accepting()(request))}`,
    );
    expect((await connectTo(server)).isOpen()).toBe(true);
  });

  test('ignores the case of Upgrade and Connection, and reads Connection as a list', async () => {
    const server = await LiteralServer.start((request) =>
      String(accepting()(request))
        .replace('Upgrade: websocket', 'upgrade: WebSocket')
        .replace('Connection: Upgrade', 'CONNECTION: keep-alive, UPGRADE'),
    );
    expect((await connectTo(server)).isOpen()).toBe(true);
  });
});

describe('afterResponse', () => {
  test('receives the headers of a 101, and its changes have no effect', async () => {
    const server = await LiteralServer.start(accepting('X-Node: 7'));
    let node: string[] | undefined;
    class Shown extends ClientEndpointConfig.Configurator {
      override afterResponse(response: { getHeaders(): Map<string, string[]> }) {
        node = response.getHeaders().get('x-node');
        response.getHeaders().clear();
      }
    }
    @ClientEndpoint({ configurator: Shown })
    class Annotated {}
    const session = await container.connectToServer(Annotated, server.url());
    afterTest(() => session.close());
    expect(node).toEqual(['7']);
  });

  test('rejects the connect with the response when it throws, and closes the connection', async () => {
    const server = await LiteralServer.start(accepting('X-Node: 7'));
    class Refusing extends ClientEndpointConfig.Configurator {
      override async afterResponse() {
        throw new Error('the wrong node');
      }
    }
    const error = await rejection(connectTo(server, builder().configurator(new Refusing()).build()));
    expect([error.code, error.status]).toEqual(['WS_CONNECT_ENDPOINT', 101]);
    expect(error.message).toMatch(/^afterResponse failed for .*: the wrong node$/);
    expect(error.headers.get('X-Node')).toEqual(['7']);
    await server.deserted();
  });

  test('rejects the connect if the server disconnects while it runs', async () => {
    const server = await LiteralServer.start();
    class Slow extends ClientEndpointConfig.Configurator {
      override async afterResponse() {
        server.last.connection.reset();
        await server.deserted();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const connecting = connectTo(server, builder().configurator(new Slow()).build());
    // A reset that has not been read yet is that of the open session.
    const outcome = await connecting.then(
      (session) => session.isOpen(),
      (error: Error & { code?: string }) => error.code,
    );
    expect([true, false, 'WS_CONNECT_IO']).toContain(outcome);
  });
});

describe('data that the server sends right after its response', () => {
  // 0x81 FIN+text · 0x05 length · "hello"
  const HELLO = '\x81\x05hello';
  const WORLD = '\x81\x05world';

  test('is delivered in order, after @OnOpen settles', async () => {
    const gate = new Gate();
    class Slow extends Listener {
      override async onOpen(session: Session) {
        await super.onOpen(session);
        await gate.promise;
        this.inbox.add('opened');
      }
    }
    const server = await LiteralServer.start((request) => String(accepting()(request)) + HELLO);
    const endpoint = new Slow();
    const connecting = container.connectToServer(endpoint, null, server.url());
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    server.last.connection.send(Buffer.from(WORLD, 'latin1'));
    gate.open();
    const session = await connecting;
    afterTest(() => session.close());
    expect([await endpoint.inbox.next(), await endpoint.inbox.next(), await endpoint.inbox.next()]).toEqual([
      'opened',
      'hello',
      'world',
    ]);
  });

  test('is not lost while afterResponse runs', async () => {
    const server = await LiteralServer.start((request) => String(accepting()(request)) + HELLO);
    class Slow extends ClientEndpointConfig.Configurator {
      override async afterResponse() {
        server.last.connection.send(Buffer.from(WORLD, 'latin1'));
        // It has arrived once a later connection is open.
        const later = createConnection(server.port, '127.0.0.1');
        await once(later, 'connect');
        later.destroy();
      }
    }
    const endpoint = new Listener();
    const session = await container.connectToServer(endpoint, builder().configurator(new Slow()).build(), server.url());
    afterTest(() => session.close());
    expect([await endpoint.inbox.next(), await endpoint.inbox.next()]).toEqual(['hello', 'world']);
  });

  test('closes the new session if it is a close frame', async () => {
    const closed = new Gate<string>();
    class Closing extends Endpoint {
      override onOpen() {}
      override onClose(_session: Session, reason: { toString(): string }) {
        closed.open(reason.toString());
      }
    }
    // 0x88 FIN+close · 0x02 length · 1001
    const server = await LiteralServer.start((request) =>
      Buffer.concat([Buffer.from(String(accepting()(request))), Buffer.from([0x88, 0x02, 0x03, 0xe9])]),
    );
    await container.connectToServer(Closing, server.url());
    expect(await closed.promise).toContain('1001');
    await server.last.connection.read(8);
  });
});

describe('the URI', () => {
  test.each<[uri: any, message: RegExp]>([
    ['http://127.0.0.1/', /^The scheme of a WebSocket is ws: or wss:; found http:, so use ws: instead\.$/],
    ['https://127.0.0.1/', /found https:, so use wss: instead\.$/],
    ['ftp://127.0.0.1/', /found ftp:/],
    ['ws://127.0.0.1/#top', /has a fragment; remove it/],
    ['ws://127.0.0.1/#', /has a fragment/],
    [
      'ws://ann:secret%@127.0.0.1/',
      /^The user information of ws:\/\/127\.0\.0\.1\/ cannot be used: .*write a % in it as %25/,
    ],
    ['ws://:secret@127.0.0.1/', /^The user information of .* is empty/],
    ['ws://ann:secret%0A@127.0.0.1/', /has a control character/],
    ['ws://ann:secret@127.0.0.1/#top', /^ws:\/\/127\.0\.0\.1\/ has a fragment/],
    ['http://ann:secret@127.0.0.1/', /use ws: instead/],
    ['ws://ann:secret@', /found a string that is not a URI/],
    ['/chat', /takes an absolute ws: or wss: URI/],
    ['ws://', /takes an absolute ws: or wss: URI/],
    [undefined, /found undefined/],
    [42, /found 42/],
    [null, /found null/],
  ])('%s is rejected', async (uri, message) => {
    const error = await rejection(container.connectToServer(Listener, uri));
    expect(error).toBeInstanceOf(DeploymentException);
    expect([error.code, error.message]).toEqual(['WS_CONNECT_BAD_URI', expect.stringMatching(message)]);
    expect(error.message).not.toContain('secret');
  });

  test('may be a URL, and the session returns it', async () => {
    const server = await LiteralServer.start();
    const session = await container.connectToServer(Listener, new URL(server.url('/a/b?c=d&c=e')));
    afterTest(() => session.close());
    expect(session.getRequestURI().href).toBe(server.url('/a/b?c=d&c=e'));
    expect(session.getQueryString()).toBe('c=d&c=e');
    expect(session.getRequestParameterMap().get('c')).toEqual(['d', 'e']);
    expect(session.getPathParameters().size).toBe(0);
    expect(session.isSecure()).toBe(false);
    expect(session.getRemoteAddress()).toBe('127.0.0.1');
  });
});
