import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  HandshakeRejection,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  type Principal,
} from '@serval/api';
import { attach } from '../src/http-host';
import { Http1Reply } from '../src/http1-reply';
import { fromIncomingMessage } from '../src/upgrade-request';
import { clientFrame, KEY, upgradeRequest, type HeaderChanges, type RawResponse } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { Gate, Journal, turn } from '../../testing/test/toolbox';

@ServerEndpoint('/chat')
class Chat {
  @OnMessage say(text: string): string {
    return `you said ${text}`;
  }
}

@ServerEndpoint('/versioned', { subprotocols: ['v2', 'v1'] })
class Versioned extends Chat {
  @OnMessage override say(text: string): string {
    return super.say(text);
  }
}

/** After any handshake the server must be able to complete the next one. */
async function expectAlive(server: TestServer): Promise<void> {
  await turn();
  const client = await server.open('/chat');
  client.send(clientFrame(0x81, 'alive?'));
  expect(await client.text()).toBe('you said alive?');
  client.destroy();
}

describe('the answer 101', () => {
  test('[WSC-3.1.5-1] RFC 6455 1.3: has exactly the headers of the handshake', async () => {
    const server = await TestServer.start({}, Chat);
    const { status, lines, body } = await server.request('/chat');
    expect(status).toBe(101);
    expect(lines).toEqual([
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    ]);
    expect(body).toBe('');
  });

  test.each<[string, HeaderChanges]>([
    ['an Upgrade header in another case', { Upgrade: 'WebSocket' }],
    ['an Upgrade header that is a list', { Upgrade: 'h2c, websocket' }],
    ['several Upgrade headers', { Upgrade: ['h2c', 'websocket'] }],
    ['a Connection header in another case', { Connection: 'UPGRADE' }],
    ['a Connection header that is a list', { Connection: 'keep-alive, Upgrade' }],
    ['a list with spaces and empty items', { Connection: 'keep-alive,  ,Upgrade ,' }],
    ['several Connection headers', { Connection: ['keep-alive', 'Upgrade'] }],
    ['a version list that holds 13', { 'Sec-WebSocket-Version': '8, 13' }],
    ['header names in another case', { 'Sec-WebSocket-Key': null, 'SEC-WEBSOCKET-KEY': KEY }],
    ['a Host with a port', { Host: 'chat.example:8080' }],
    ['an IPv6 Host', { Host: '[::1]:8080' }],
    ['subprotocols that the endpoint does not have', { 'Sec-WebSocket-Protocol': 'v1, v2' }],
    ['extensions that nobody has', { 'Sec-WebSocket-Extensions': 'x-zip; level=9, __proto__; constructor' }],
    ['the own origin', { Host: 'chat.example', Origin: 'http://chat.example' }],
    ['the own URI as the origin', { Host: 'chat.example:8080', Origin: 'ws://chat.example:8080' }],
  ])('answers %s', async (_what, changes) => {
    const server = await TestServer.start({}, Chat);
    const { status, lines } = await server.request('/chat', changes);
    expect(status).toBe(101);
    expect(lines).toHaveLength(3);
  });

  test('answers a target in absolute form', async () => {
    const server = await TestServer.start({}, Chat);
    expect((await server.request('GET http://chat.example/chat HTTP/1.1')).status).toBe(101);
  });

  test('negotiates permessage-deflate if the container supports it', async () => {
    const server = await TestServer.start({ perMessageDeflate: true }, Chat);
    const { status, lines } = await server.request('/chat', {
      'Sec-WebSocket-Extensions': 'x-zip, permessage-deflate; unknown=1, permessage-deflate; client_max_window_bits',
    });
    expect(status).toBe(101);
    expect(lines.slice(3)).toEqual(['Sec-WebSocket-Extensions: permessage-deflate']);
  });

  test('negotiates permessage-deflate with the container’s options', async () => {
    const perMessageDeflate = { serverNoContextTakeover: true, clientMaxWindowBits: 10 };
    const server = await TestServer.start({ perMessageDeflate }, Chat);
    const { lines } = await server.request('/chat', {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits, permessage-deflate',
    });
    expect(lines.slice(3)).toEqual([
      'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=10',
    ]);
  });

  test('omits permessage-deflate if it can serve no offer', async () => {
    const server = await TestServer.start({ perMessageDeflate: true }, Chat);
    const { status, lines } = await server.request('/chat', {
      'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=99',
    });
    expect(status).toBe(101);
    expect(lines).toHaveLength(3);
  });

  // RFC 9110 5.6.1 lets a recipient ignore empty list elements; Tcl's websocket sends an empty header.
  describe.each(['native', 'ws'] as const)('to lists with empty elements, over the engine %s', (engine) => {
    test.each<[string, HeaderChanges, string | undefined]>([
      ['no subprotocol', { 'Sec-WebSocket-Protocol': '' }, undefined],
      ['commas', { 'Sec-WebSocket-Protocol': ' ,,', 'Sec-WebSocket-Extensions': ', ,' }, undefined],
      ['no extension', { 'Sec-WebSocket-Extensions': '' }, undefined],
      ['an empty one among others', { 'Sec-WebSocket-Protocol': 'v0,, v2,' }, 'v2'],
      ['an empty line before another', { 'Sec-WebSocket-Protocol': ['', 'v1'] }, 'v1'],
      ['an empty line behind another', { 'Sec-WebSocket-Protocol': ['v1', ''] }, 'v1'],
      ['empty lines of extensions', { 'Sec-WebSocket-Extensions': ['', 'x-other; a = 1,', ''] }, undefined],
    ])('of %s is 101', async (_what, changes, chosen) => {
      const server = await TestServer.start({ engine }, Versioned);
      const { status, headers, client } = await server.request('/versioned', changes);
      expect([status, headers.get('sec-websocket-protocol')]).toEqual([101, chosen && [chosen]]);
      expect(headers.get('sec-websocket-extensions')).toBeUndefined();
      client.send(clientFrame(0x81, 'hello'));
      expect(await client.text()).toBe('you said hello');
    });
  });

  test.each([
    'permessage-deflate; server_max_window_bits = 10',
    ', permessage-deflate ;server_max_window_bits= "10" ,',
  ])('accepts the offer %j', async (offer) => {
    const server = await TestServer.start({ perMessageDeflate: true }, Chat);
    const { status, headers } = await server.request('/chat', { 'Sec-WebSocket-Extensions': offer });
    expect([status, headers.get('sec-websocket-extensions')]).toEqual([
      101,
      ['permessage-deflate; server_max_window_bits=10'],
    ]);
  });

  test('is followed by messages both ways', async () => {
    const server = await TestServer.start({}, Chat);
    const client = await server.open('/chat');
    client.send(clientFrame(0x81, 'hello'));
    expect(await client.frame()).toEqual({ first: 0x81, payload: Buffer.from('you said hello') });
  });
});

describe('a refusal', () => {
  const BAD_KEY = /^The request must have one Sec-WebSocket-Key header, with 16 bytes in base64\.\n$/;
  const BAD_VERSION = /^This server supports only version 13/;
  const BAD_HOST = /^The request must have one Host header/;
  const BAD_PROTOCOL = /^The Sec-WebSocket-Protocol header is malformed: /;
  const BAD_EXTENSIONS = /^The Sec-WebSocket-Extensions header is malformed: /;

  test.each<[string, number, string, HeaderChanges, RegExp]>([
    ['a path without an endpoint', 404, '/news', {}, /^No WebSocket endpoint/],
    ['a path that has one slash more', 404, '/chat/', {}, /^No WebSocket endpoint/],
    ['a path in another case', 404, '/Chat', {}, /^No WebSocket endpoint/],
    ['a path that looks like a template', 404, '/%7Bchat%7D', {}, /^No WebSocket endpoint/],
    ['a path parameter', 404, '/chat;x=1', {}, /^No WebSocket endpoint/],
    ['a broken escape', 400, '/%zz', {}, /^The target of the request is not a path/],
    ['a backslash in the path', 400, '/x\\..\\chat', {}, /^The target of the request is not a path/],
    ['a target without a path', 400, 'OPTIONS * HTTP/1.1', {}, /^The target of the request is not a path/],
    ['POST', 405, 'POST /chat HTTP/1.1', {}, /^A WebSocket opens with GET; found POST\.\n$/],
    ['HEAD', 405, 'HEAD /chat HTTP/1.1', {}, /^A WebSocket opens with GET; found HEAD\.\n$/],
    ['HTTP/1.0', 400, 'GET /chat HTTP/1.0', {}, /^A WebSocket requires HTTP\/1\.1; found HTTP\/1\.0\.\n$/],
    ['no version', 426, '/chat', { 'Sec-WebSocket-Version': null }, BAD_VERSION],
    ['version 8', 426, '/chat', { 'Sec-WebSocket-Version': '8' }, BAD_VERSION],
    ['a list of other versions', 426, '/chat', { 'Sec-WebSocket-Version': '7, 8' }, BAD_VERSION],
    ['an empty version', 426, '/chat', { 'Sec-WebSocket-Version': '' }, BAD_VERSION],
    ['version 13.0', 426, '/chat', { 'Sec-WebSocket-Version': '13.0' }, BAD_VERSION],
    ['no key', 400, '/chat', { 'Sec-WebSocket-Key': null }, BAD_KEY],
    ['an empty key', 400, '/chat', { 'Sec-WebSocket-Key': '' }, BAD_KEY],
    ['a key of 15 bytes', 400, '/chat', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }, BAD_KEY],
    ['a key of 17 bytes', 400, '/chat', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZTE=' }, BAD_KEY],
    ['a key without padding', 400, '/chat', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ' }, BAD_KEY],
    ['a key that is not base64', 400, '/chat', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j-Q==' }, BAD_KEY],
    ['a key with bits behind its end', 400, '/chat', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZR==' }, BAD_KEY],
    ['two keys', 400, '/chat', { 'Sec-WebSocket-Key': [KEY, KEY] }, BAD_KEY],
    ['a list of keys', 400, '/chat', { 'Sec-WebSocket-Key': `${KEY}, ${KEY}` }, BAD_KEY],
    ['no Host', 400, '/chat', { Host: null }, BAD_HOST],
    ['an empty Host', 400, '/chat', { Host: '' }, BAD_HOST],
    ['a Host with a space', 400, '/chat', { Host: 'a b' }, BAD_HOST],
    ['a Host with a user', 400, '/chat', { Host: 'chat.example@evil.example' }, BAD_HOST],
    ['a Host with a path', 400, '/chat', { Host: 'evil.example/' }, BAD_HOST],
    ['a Host with a backslash', 400, '/chat', { Host: 'evil.example\\' }, BAD_HOST],
    ['a Host with a query', 400, '/chat', { Host: 'evil.example?' }, BAD_HOST],
    ['a Host with a fragment', 400, '/chat', { Host: 'evil.example#' }, BAD_HOST],
    ['a Host with a bad port', 400, '/chat', { Host: 'chat.example:http' }, BAD_HOST],
    ['a Host with a port out of range', 400, '/chat', { Host: 'chat.example:65536' }, BAD_HOST],
    ['two Hosts (RFC 9112 3.2)', 400, '/chat', { Host: ['chat.example', 'evil.example'] }, BAD_HOST],
    ['a subprotocol with a space', 400, '/chat', { 'Sec-WebSocket-Protocol': 'v 1' }, BAD_PROTOCOL],
    ['a subprotocol that is no token', 400, '/chat', { 'Sec-WebSocket-Protocol': 'v1/2' }, BAD_PROTOCOL],
    ['a subprotocol twice', 400, '/chat', { 'Sec-WebSocket-Protocol': 'v1, v1' }, BAD_PROTOCOL],
    ['a subprotocol in two lines', 400, '/chat', { 'Sec-WebSocket-Protocol': ['v1', 'v1'] }, BAD_PROTOCOL],
    ['an extension without a name', 400, '/chat', { 'Sec-WebSocket-Extensions': '; a=1' }, BAD_EXTENSIONS],
    ['an extension with a semicolon at its end', 400, '/chat', { 'Sec-WebSocket-Extensions': 'a;' }, BAD_EXTENSIONS],
    ['an extension parameter without a name', 400, '/chat', { 'Sec-WebSocket-Extensions': 'a;=1' }, BAD_EXTENSIONS],
    ['an open quotation', 400, '/chat', { 'Sec-WebSocket-Extensions': 'a; b="1' }, BAD_EXTENSIONS],
    ['a foreign origin', 403, '/chat', { Origin: 'http://evil.example' }, /^The origin http:\/\/evil\.example may not/],
    [
      'two origins',
      400,
      '/chat',
      { Host: 'a.example', Origin: ['http://a.example', 'http://b.example'] },
      /^The request may have only one Origin/,
    ],
    ['the null origin', 403, '/chat', { Origin: 'null' }, /^The origin null may not/],
    ['an empty origin', 403, '/chat', { Origin: '' }, /^The origin {2}may not/],
  ])('of %s is %d', async (_what, status, start, changes, body) => {
    const server = await TestServer.start({}, Chat);
    const response = await server.request(start, changes);
    expect(response.status).toBe(status);
    expect(response.body).toMatch(body);
    expect(response.headers.get('content-type')).toEqual(['text/plain; charset=utf-8']);
    expect(response.headers.get('connection')).toEqual(['close']);
    expect(await response.client.end()).toBe('');
    expect(server.container.getSessions().size).toBe(0);
    await expectAlive(server);
  });

  test('405 names the allowed method', async () => {
    const server = await TestServer.start({}, Chat);
    expect((await server.request('POST /chat HTTP/1.1')).headers.get('allow')).toEqual(['GET']);
  });

  test('RFC 6455 4.2.2: 426 names the supported version', async () => {
    const server = await TestServer.start({}, Chat);
    const { headers } = await server.request('/chat', { 'Sec-WebSocket-Version': '25' });
    expect(headers.get('sec-websocket-version')).toEqual(['13']);
    expect(headers.get('upgrade')).toEqual(['websocket']);
  });

  test('404 precedes all header checks, so a scanner learns nothing about the endpoints', async () => {
    const server = await TestServer.start({}, Chat);
    expect((await server.request('/news', { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Key': null })).status).toBe(
      404,
    );
  });

  test('does not refuse an origin in allowedOrigins', async () => {
    const server = await TestServer.start({ allowedOrigins: ['https://app.example'] }, Chat);
    expect((await server.request('/chat', { Origin: 'https://app.example' })).status).toBe(101);
    expect((await server.request('/chat', { Origin: 'https://app.example.evil.example' })).status).toBe(403);
  });

  test("allowedOrigins '*' refuses no origin", async () => {
    const server = await TestServer.start({ allowedOrigins: '*' }, Chat);
    for (const Origin of ['http://evil.example', 'null'])
      expect((await server.request('/chat', { Origin })).status).toBe(101);
  });

  test('allowedOrigins as a function may be asynchronous, and its failure is a 500', async () => {
    const allowedOrigins = async (origin: string): Promise<boolean> => {
      await turn();
      if (origin === 'https://broken.example') throw new Error('the list is not to be had');
      return origin === 'https://good.example';
    };
    const server = await TestServer.start({ allowedOrigins }, Chat);
    expect((await server.request('/chat', { Origin: 'https://good.example' })).status).toBe(101);
    expect((await server.request('/chat', { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await server.request('/chat', { Origin: 'https://broken.example' })).status).toBe(500);
  });

  test('drops a client that keeps its side of a refused connection open', async () => {
    const server = await TestServer.start({}, Chat);
    const dropped = new Promise((resolve) => {
      server.http.once('connection', (socket: Socket) => socket.once('close', resolve));
    });
    const { client } = await server.request('/news');
    await client.end();
    // The client never ends its own side; the server waits two seconds.
    await dropped;
  });
});

describe('a request that its host did not recognise as an upgrade', () => {
  /** A host that passes every request on, as a router may do. */
  async function handOver(changes: HeaderChanges): Promise<RawResponse> {
    const http = createServer((request: IncomingMessage) => {
      expect(
        container.handleUpgrade(fromIncomingMessage(request), new Http1Reply(request.socket, Buffer.alloc(0))),
      ).toBe(true);
    });
    const container = attach(http, { logger: loggerInto(new Journal()) });
    container.addEndpoint(Chat);
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/chat', changes));
    return client.response();
  }

  test.each<[string, HeaderChanges, string]>([
    ['no Connection header', { Connection: null }, 'The Connection header must name Upgrade.\n'],
    ['a Connection header without Upgrade', { Connection: 'keep-alive' }, 'The Connection header must name Upgrade.\n'],
    ['no Upgrade header', { Upgrade: null, Connection: null }, 'The Upgrade header must name websocket.\n'],
    [
      'an Upgrade header of another name',
      { Upgrade: 'websockets', Connection: null },
      'The Upgrade header must name websocket.\n',
    ],
  ])('is refused with 400 for %s', async (_what, changes, body) => {
    expect(await handOver(changes)).toMatchObject({ status: 400, body });
  });
});

describe('early data', () => {
  const journal = (): { journal: Journal; gate: Gate; endpoint: ServerEndpointConfig } => {
    const journal = new Journal();
    const gate = new Gate();
    @ServerEndpoint('/slow')
    class Slow {
      @OnOpen async open(): Promise<void> {
        journal.add('open begins');
        await gate.promise;
        journal.add('open ends');
      }
      @OnMessage receive(text: string): void {
        journal.add(`message ${text}`);
      }
      @OnClose close(): void {
        journal.add('close');
      }
    }
    return { journal, gate, endpoint: ServerEndpointConfig.Builder.create(Slow, '/slow').build() };
  };

  test('delivers frames in the packet of the request after an asynchronous @OnOpen', async () => {
    const { journal: log, gate, endpoint } = journal();
    const server = await TestServer.start({}, endpoint);
    const client = await server.connect();
    client.send(upgradeRequest('/slow'), clientFrame(0x81, 'one'), clientFrame(0x81, 'two'));
    expect((await client.response()).status).toBe(101);
    await log.until('open begins');
    await turn();
    expect(log.entries).toEqual(['open begins']);
    gate.open();
    await log.until('message two');
    expect(log.entries).toEqual(['open begins', 'open ends', 'message one', 'message two']);
  });

  test('also delivers frames that arrive while the handshake waits for user code, in order', async () => {
    const { journal: log, gate, endpoint } = journal();
    const user = new Gate<Principal | null>();
    const asked = new Gate();
    const authenticate = (): Promise<Principal | null> => {
      asked.open();
      return user.promise;
    };
    const server = await TestServer.start({ authenticate }, endpoint);
    const client = await server.connect();
    client.send(upgradeRequest('/slow'), clientFrame(0x81, 'in the first packet'));
    await asked.promise;
    client.send(clientFrame(0x81, 'in the second'));
    await turn();
    user.open(null);
    gate.open();
    expect((await client.response()).status).toBe(101);
    await log.until('message in the second');
    expect(log.entries).toEqual(['open begins', 'open ends', 'message in the first packet', 'message in the second']);
  });

  test('joins a frame that is split after the request', async () => {
    const { journal: log, gate, endpoint } = journal();
    gate.open();
    const server = await TestServer.start({}, endpoint);
    const client = await server.connect();
    const frame = clientFrame(0x81, 'whole');
    client.send(upgradeRequest('/slow'), frame.subarray(0, 3));
    await client.response();
    client.send(frame.subarray(3));
    await log.until('message whole');
  });

  test('a close frame in the packet of the request opens and closes the session', async () => {
    const { journal: log, gate, endpoint } = journal();
    gate.open();
    const server = await TestServer.start({}, endpoint);
    const client = await server.connect();
    client.send(upgradeRequest('/slow'), clientFrame(0x88, Buffer.from([0x03, 0xe8])));
    await client.response();
    expect(await client.close()).toBe('1000');
    client.finish();
    await log.until('close');
    expect(log.entries).toEqual(['open begins', 'open ends', 'close']);
  });

  test('drops the bytes after a refused request', async () => {
    const server = await TestServer.start({}, Chat);
    const client = await server.connect();
    client.send(upgradeRequest('/news'), clientFrame(0x81, 'x'), upgradeRequest('/chat'));
    expect((await client.response()).status).toBe(404);
    expect(await client.end()).toBe('');
    expect(server.container.getSessions().size).toBe(0);
  });
});

describe('a delayed handshake', () => {
  const LIVES: string[] = [];
  beforeEach(() => void (LIVES.length = 0));

  @ServerEndpoint('/held')
  class Held {
    constructor() {
      LIVES.push('constructed');
    }
    @OnOpen open(): void {
      LIVES.push('open');
    }
    @OnClose close(): void {
      LIVES.push('close');
    }
  }

  /** A server whose `authenticate` waits for the gate. */
  async function start(options: { handshakeTimeout?: number } = {}) {
    const gate = new Gate<Principal | null>();
    const asked = new Gate<IncomingMessage>();
    const server = await TestServer.start(
      {
        ...options,
        authenticate: (request) => {
          asked.open(request.getNativeRequest() as IncomingMessage);
          return gate.promise;
        },
      },
      Held,
    );
    const client = await server.connect();
    client.send(upgradeRequest('/held'));
    return { server, client, gate, request: await asked.promise };
  }

  test('by a client that resets its connection leaves nothing behind', async () => {
    const { server, client, gate, request } = await start();
    const closed = new Promise((resolve) => request.socket.once('close', resolve));
    client.reset();
    await closed;
    gate.open(null);
    await turn();
    await turn();
    expect(LIVES).toEqual([]);
    expect(server.container.getSessions().size).toBe(0);
    // Only an error listener stays on the dead socket.
    expect(request.socket.listenerCount('close')).toBeLessThanOrEqual(1);
    expect(server.log.entries.filter((entry) => !entry.startsWith('debug'))).toEqual([]);
  });

  test('by a client that ends its connection leaves no session behind', async () => {
    const { server, client, gate, request } = await start();
    const ended = new Promise((resolve) => request.socket.once('end', resolve));
    client.finish();
    await ended;
    gate.open(null);
    await client.end();
    await turn();
    expect(LIVES.filter((life) => life === 'open')).toEqual(LIVES.filter((life) => life === 'close'));
    expect(server.container.getSessions().size).toBe(0);
  });

  test('by a failure after the client left is logged', async () => {
    const { server, client, gate, request } = await start();
    const closed = new Promise((resolve) => request.socket.once('close', resolve));
    client.reset();
    await closed;
    gate.fail(new Error('the user data base is down'));
    await server.log.until('error The handshake for /held failed: the user data base is down');
    expect(LIVES).toEqual([]);
  });

  test('is refused with 503 after handshakeTimeout', async () => {
    const { server, client, gate } = await start({ handshakeTimeout: 20 });
    const { status, headers, body } = await client.response();
    expect([status, body]).toEqual([503, 'The handshake took too long.\n']);
    expect(headers.get('retry-after')).toEqual(['1']);
    expect(await client.end()).toBe('');
    gate.open(null);
    await turn();
    expect(LIVES).toEqual([]);
    expect(server.container.getSessions().size).toBe(0);
  });

  test('that fails after its timeout is logged', async () => {
    const { server, client, gate } = await start({ handshakeTimeout: 20 });
    expect((await client.response()).status).toBe(503);
    gate.fail(new Error('too late'));
    await server.log.until('error The handshake for /held failed: too late');
    expect(await client.end()).toBe('');
  });

  test('that user code refuses after its timeout is not answered twice', async () => {
    const { client, gate } = await start({ handshakeTimeout: 20 });
    expect((await client.response()).status).toBe(503);
    gate.fail(new HandshakeRejection(401));
    expect(await client.end()).toBe('');
  });

  test('keeps no timer after its answer', async () => {
    const server = await TestServer.start({ handshakeTimeout: 12_345 }, Chat);
    const started = jest.spyOn(globalThis, 'setTimeout');
    const stopped = jest.spyOn(globalThis, 'clearTimeout');
    await server.open('/chat');
    await server.request('/chat', { 'Sec-WebSocket-Version': '8' });
    const timers = started.mock.results.filter((_result, index) => started.mock.calls[index]?.[1] === 12_345);
    const cleared = stopped.mock.calls.map(([timer]) => timer);
    started.mockRestore();
    stopped.mockRestore();
    expect(timers).toHaveLength(2);
    for (const { value } of timers) expect(cleared).toContain(value);
  });

  test('does not delay others', async () => {
    const { server, gate } = await start();
    server.container.addEndpoint(Chat);
    const other = await server.connect();
    other.send(upgradeRequest('/news'));
    expect((await other.response()).status).toBe(404);
    gate.open(null);
  });
});

describe('hostile requests', () => {
  test('CVE-2024-37890: 2,000 headers do not hide the handshake from its checks', async () => {
    const server = await TestServer.start({}, Chat);
    const flood = 'a:b\r\n'.repeat(2000);
    // Node drops the handshake's headers, so this becomes a plain request.
    for (const text of [
      upgradeRequest('/chat').replace('Host', `${flood}Host`),
      upgradeRequest('/chat').replace('Upgrade', `${flood}Upgrade`),
      upgradeRequest('/chat').replace('Sec-WebSocket-Key', `${flood}Sec-WebSocket-Key`),
    ]) {
      const client = await server.connect();
      client.send(text);
      expect([200, 400, 426, 431]).toContain((await client.response()).status);
    }
    expect(server.container.getSessions().size).toBe(0);
    await expectAlive(server);
  });

  test('reads a list with very many header lines', async () => {
    const server = await TestServer.start({}, Chat);
    const { status } = await server.request('/chat', { Connection: [...Array<string>(500).fill('x'), 'Upgrade'] });
    expect(status).toBe(101);
    await expectAlive(server);
  });

  test('CVE-2021-32640: checks a long list of spaces and commas in no time', async () => {
    const server = await TestServer.start({}, Chat);
    const spaces = ' '.repeat(15_000);
    for (const name of ['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'Connection', 'Accept-Language']) {
      const before = process.cpuUsage().user;
      const { status } = await server.request('/chat', { [name]: `Upgrade,b${spaces}c` });
      expect([101, 400]).toContain(status);
      expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
    }
    await expectAlive(server);
  });

  test('treats header names of Object.prototype like all others', async () => {
    const server = await TestServer.start({}, Chat);
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const { status } = await server.request('/chat', Object.fromEntries(names.map((name) => [`X${name}`, name])));
    expect(status).toBe(101);
    const client = await server.connect();
    client.send(upgradeRequest('/chat').replace('Host', '__proto__: x\r\nconstructor: y\r\nHost'));
    expect((await client.response()).status).toBe(101);
    await expectAlive(server);
  });

  test('an origin cannot inject lines into the response', async () => {
    const server = await TestServer.start({}, Chat);
    const { status, lines, body } = await server.request('/chat', { Origin: 'http://x/<script>\xff\x85' });
    expect(status).toBe(403);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('Content-Type: text/plain; charset=utf-8');
    expect(body).toContain('<script>');
  });

  test('survives a thousand connections that begin a handshake and reset', async () => {
    const server = await TestServer.start({ authenticate: () => new Promise(setImmediate).then(() => null) }, Chat);
    for (let round = 0; round < 20; round += 1) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => server.connect()));
      for (const [index, client] of clients.entries()) {
        client.send(upgradeRequest(index % 3 === 0 ? '/news' : '/chat'), clientFrame(0x81, 'x'));
        if (index % 2 === 0) client.reset();
        else client.destroy();
      }
    }
    await expectAlive(server);
    const deadline = Date.now() + 5000;
    while (server.container.getSessions().size > 0 && Date.now() < deadline) await turn();
    expect(server.container.getSessions().size).toBe(0);
  });

  test('survives requests with random bytes, truncated or doubled', async () => {
    const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_007);
    let state = seed;
    const next = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >>> 8) % limit;
    };
    const server = await TestServer.start({ perMessageDeflate: true, authenticate: () => null }, Chat);
    const request = Buffer.from(
      upgradeRequest('/chat?x=%20', {
        Origin: 'http://localhost',
        'Accept-Language': 'de;q=0.5, en',
        'Sec-WebSocket-Protocol': 'v1, v2',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=12, x-zip; a="b"',
      }),
    );
    const answers = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      const bytes = Buffer.concat([request, clientFrame(0x81, 'hello'), clientFrame(0x89, 'ping')]);
      for (let count = next(4); count >= 0; count -= 1) bytes[next(bytes.length)] = next(256);
      const client = await server.connect();
      const from = next(8) === 0 ? next(bytes.length) : 0;
      const to = next(8) === 0 ? from + next(bytes.length - from) : bytes.length;
      client.send(bytes.subarray(from, to));
      if (next(4) === 0) client.send(bytes);
      client.finish();
      // In any case the server releases the connection.
      const answer = await client.end().catch((cause: unknown) => {
        throw new Error(`TEST_SEED=${seed}, round ${round}`, { cause });
      });
      answers.add(answer.slice(0, 12));
      client.destroy();
    }
    // The rounds prove nothing unless many succeed.
    expect([...answers]).toEqual(expect.arrayContaining(['HTTP/1.1 101', 'HTTP/1.1 400']));
    await expectAlive(server);
  });

  test.each([
    ['garbage', Buffer.from([0xff, 0x00, 0x80, 0xc1, 0x7f])],
    ['an unmasked frame', Buffer.from([0x81, 0x01, 0x78])],
    ['a frame of 2^63 bytes', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0])],
    ['another request', Buffer.from(upgradeRequest('/chat'))],
  ])('%s after the request ends only that connection', async (_what, bytes) => {
    const server = await TestServer.start({}, Chat);
    const client = await server.connect();
    client.send(upgradeRequest('/chat'), bytes);
    expect((await client.response()).status).toBe(101);
    expect(await client.close()).toMatch(/^1002|^1009/);
    await expectAlive(server);
  });
});
