import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import * as serval from 'serval';
import { ServerContainer, type HandshakeRequest, type ServerContainerOptions } from 'serval';
import { clientFrame, KEY } from '../../../server/test/raw-connection';
import { seenBy, SOCKJS_WAYS_IN, WAYS_IN, type WayIn } from './ways-in';
import { turn } from '../../../testing/test/toolbox';

// The advisories of 2026 about WebSocket servers have one pattern: the way in that everybody tests was sound, and a
// second one was not. Each kind of them is a test here, over every way in.

const ALL: readonly (readonly [string, WayIn])[] = WAYS_IN.map((way) => [way.name, way]);
/** Their handshake is made here; that of an adopted socket is its owner's. */
const OWN_HANDSHAKE = ALL.filter(([, way]) => way.isAdopted !== true);
const HTTP1 = OWN_HANDSHAKE.filter(([, way]) => way.isHttp2 !== true);

const MEMBERS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'get',
  'size',
];

describe('the list of ways in is complete', () => {
  test('every public method that can begin a session is known', () => {
    const BEGINS = /attach|adopt|upgrade|handle|accept|connect|serve|open/i;
    const members = [
      ...Object.keys(serval).filter((name) => !/^[A-Z]/.test(name)),
      ...Object.getOwnPropertyNames(ServerContainer.prototype).map((name) => `ServerContainer.${name}`),
      ...Object.getOwnPropertyNames(serval.Server.prototype).map((name) => `Server.${name}`),
    ];
    // One more is a way in, which WAYS_IN must have, or is none, and then belongs here.
    expect(members.filter((name) => BEGINS.test(name.split('.').at(-1) ?? '')).sort()).toEqual([
      'ServerContainer.adoptWebSocket',
      // Of a client.
      'ServerContainer.connectToServer',
      // By attach: those of SockJS.
      'ServerContainer.handleRequest',
      // By attach.
      'ServerContainer.handleUpgrade',
      // Whether the routes of the host do.
      'ServerContainer.routesUpgrade',
      // Which engine can do what.
      'ServerContainer.servesStreams',
      'ServerContainer.upgradeHttpToWebSocket',
      // Log lines.
      'ServerContainer.upgradeUnanswered',
      'ServerContainer.upgradeUnmatched',
      'ServerContainer.upgradeWithheld',
      'attach',
      // Of a client.
      'connect',
    ]);
  });

  test('only the upgrade and its two variants create sessions', () => {
    const packages = join(__dirname, '../../..');
    const makers = ['server', 'client', 'container', 'serval', 'cli'].flatMap((name) =>
      readdirSync(join(packages, name, 'src'))
        .filter((file) => /new WsSession\(/.test(readFileSync(join(packages, name, 'src', file), 'utf8')))
        .map((file) => `${name}/${file}`),
    );
    expect(makers).toEqual(['container/open-session.ts']);
    const openers = ['server', 'client'].flatMap((name) =>
      readdirSync(join(packages, name, 'src'))
        .filter((file) => /\bopen(Session|Routed)\(/.test(readFileSync(join(packages, name, 'src', file), 'utf8')))
        .map((file) => `${name}/${file}`),
    );
    expect(openers).toEqual(['server/adoption.ts', 'server/upgrade.ts', 'client/connect-endpoint.ts']);
  });
});

const OVER_SOCKJS = SOCKJS_WAYS_IN.map((way) => [way.name, way] as const);

describe.each([...OWN_HANDSHAKE, ...OVER_SOCKJS])('the checks of a handshake, by %s', (_name, way) => {
  test('refuses a foreign Origin, and those that only resemble the server’s own', async () => {
    const served = await way.start();
    for (const Origin of [
      'http://evil.example',
      'http://localhost.evil.example',
      'http://localhost@evil.example',
      'http://evil.example/localhost',
      'http://localhost:81',
      'null',
      'file://',
      'http://localhost/',
      'http://localhost/rooms/a',
      'http://user@localhost',
      'localhost',
      '//localhost',
      '*',
    ]) {
      expect({ Origin, status: (await served.ask('/rooms/a', { Origin })).status }).toEqual({ Origin, status: 403 });
    }
    expect((await served.ask('/rooms/a', { Origin: 'http://localhost' })).status).toBe(101);
    expect(served.container.getSessions().size).toBe(1);
  });

  test('two Origin headers do not bypass the check', async () => {
    const served = await way.start();
    const { status } = await served.ask('/rooms/a', { Origin: ['http://evil.example', 'http://localhost'] });
    expect(status).toBe(400);
  });

  test('refuses a host that allowedHosts does not list, even if the Origin equals it', async () => {
    const served = await way.start({ allowedHosts: ['chat.example'] });
    const from = async (host: string): Promise<number> =>
      (await served.ask('/rooms/a', { Host: host, Origin: `http://${host}` })).status;
    expect(await from('rebound.example')).toBe(403);
    expect(await from('chat.example.rebound.example')).toBe(403);
    expect(await from('chat.example')).toBe(101);
    expect(served.container.getSessions().size).toBe(1);
  });

  test('refuses a user that authenticate refuses', async () => {
    const asked: (string | undefined)[] = [];
    const served = await way.start({
      authenticate: (request) => {
        asked.push(request.getHeaders().get('Authorization')?.[0]);
        throw new serval.HandshakeRejection(401);
      },
    });
    expect((await served.ask('/rooms/a', { Authorization: 'Basic x' })).status).toBe(401);
    expect(asked).toEqual(['Basic x']);
  });

  test('a paused or stopped container refuses', async () => {
    const served = await way.start();
    served.container.pause();
    expect((await served.ask('/rooms/a')).status).toBe(503);
    served.container.resume();
    expect((await served.ask('/rooms/a')).status).toBe(101);
    await served.container.stop({ grace: 1 });
    expect((await served.ask('/rooms/a')).status).toBe(503);
  });
});

describe.each(HTTP1)('each header of the handshake, by %s', (_name, way) => {
  test.each<[string, Readonly<Record<string, string | readonly string[] | null>>, number]>([
    ['no key', { 'Sec-WebSocket-Key': null }, 400],
    ['two keys', { 'Sec-WebSocket-Key': [KEY, KEY] }, 400],
    ['an empty key', { 'Sec-WebSocket-Key': '' }, 400],
    ['a key of 15 bytes', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }, 400],
    ['no version', { 'Sec-WebSocket-Version': null }, 426],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, 426],
    ['version 0', { 'Sec-WebSocket-Version': '0' }, 426],
    ['an empty version', { 'Sec-WebSocket-Version': '' }, 426],
    ['version 013', { 'Sec-WebSocket-Version': '013' }, 426],
    ['no Host', { Host: null }, 400],
    ['two Hosts', { Host: ['localhost', 'evil.example'] }, 400],
    ['an empty Host', { Host: '' }, 400],
    ['a body', { 'Content-Length': '2' }, 400],
    ['a body in chunks', { 'Transfer-Encoding': 'chunked' }, 400],
    ['malformed extensions', { 'Sec-WebSocket-Extensions': 'a;=b' }, 400],
  ])('%s is refused', async (_what, changes, status) => {
    const served = await way.start();
    expect((await served.ask('/rooms/a', changes)).status).toBe(status);
    expect(served.container.getSessions().size).toBe(0);
  });
});

describe.each(OWN_HANDSHAKE.filter(([, way]) => way.isHttp2 === true))('each header, by %s', (_name, way) => {
  test.each<[string, Readonly<Record<string, string | null>>, number]>([
    ['no version', { 'sec-websocket-version': null }, 426],
    ['version 8', { 'sec-websocket-version': '8' }, 426],
  ])('%s is refused', async (_what, changes, status) => {
    const served = await way.start();
    expect((await served.ask('/rooms/a', changes)).status).toBe(status);
    expect(served.container.getSessions().size).toBe(0);
  });
});

describe('a request target of an unusual but legal form', () => {
  // Routing, the origin check and user code all use the same target.
  describe.each(OWN_HANDSHAKE)('by %s', (_name, way) => {
    test.each<[string, string, object]>([
      ['with a query that looks like a path', '/rooms/a?/../rooms/b', { path: '/rooms/a', query: '/../rooms/b' }],
      ['with an encoded letter', '/rooms/%61', { path: '/rooms/%61', query: null }],
      ['with an empty query', '/rooms/a?', { path: '/rooms/a', query: '' }],
      ['with a second question mark', '/rooms/a?x=?&name=b', { path: '/rooms/a', query: 'x=?&name=b' }],
    ])('%s', async (_what, target, seen) => {
      let request: HandshakeRequest | undefined;
      const authenticate: ServerContainerOptions['authenticate'] = (asking) => {
        request = asking;
        return null;
      };
      const served = await way.start({ authenticate });
      const { status, client } = await served.ask(target, { Origin: 'http://localhost' });
      expect(status).toBe(101);
      client.send(clientFrame(0x81, 'hi'));
      // The router of the application does not decode; everything else is the same.
      expect(await client.text()).toMatch(/^(?:a|%61): hi$/);
      expect(seenBy(request as HandshakeRequest)).toMatchObject({ host: 'localhost', ...seen });
    });

    test.each(['/rooms/a#b', '/rooms/%zz', '/rooms\\a'])('%s opens nothing', async (target) => {
      const served = await way.start();
      expect((await served.ask(target)).status).toBeGreaterThanOrEqual(400);
      expect(served.container.getSessions().size).toBe(0);
    });
  });

  test.each(HTTP1)('in absolute form does not set the host, by %s', async (_name, way) => {
    let request: HandshakeRequest | undefined;
    const served = await way.start({ authenticate: (asking) => ((request = asking), null) });
    const start = 'GET http://evil.example/rooms/a HTTP/1.1';
    expect((await served.ask(start, { Origin: 'http://evil.example' })).status).toBe(403);
    expect((await served.ask(start, { Origin: 'http://localhost' })).status).toBe(101);
    expect(seenBy(request as HandshakeRequest)).toMatchObject({ path: '/rooms/a', host: 'localhost', name: ['a'] });
  });
});

describe.each(ALL)('names of object members, by %s', (_name, way) => {
  test.each(MEMBERS)('treats %s like any other path variable, parameter and header', async (member) => {
    const served = await way.start();
    const { status, client } = await served.ask(`/rooms/${member}?${member}=1&x=${member}`, {
      [`X-${member}`]: member,
      [member === '__proto__' ? 'X-Proto' : member.replaceAll('_', '-')]: '1',
    });
    expect(status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe(`${member}: hi`);
    const [session] = served.container.getSessions();
    expect(session?.getRequestParameterMap().get('x')).toEqual([member]);
    expect(session?.getPathParameters().get(member)).toBeUndefined();
    expect(session?.getUserProperties().get(member)).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
    client.destroy();
  });

  test('they match no subprotocol and no extension', async () => {
    const served = await way.start();
    const { status, client } = await served.ask('/rooms/a', {
      'Sec-WebSocket-Protocol': MEMBERS.join(', '),
      'Sec-WebSocket-Extensions': MEMBERS.join(', '),
    });
    // A server of ws takes the first that is offered, as its default is; the handshake is its own.
    expect(status).toBe(101);
    client.send(clientFrame(0x81, 'hi'));
    expect(await client.text()).toBe('a: hi');
    if (way.isAdopted !== true) {
      const [session] = served.container.getSessions();
      expect(session?.getNegotiatedSubprotocol()).toBe('');
      expect(session?.getNegotiatedExtensions()).toEqual([]);
    }
    client.destroy();
  });
});

describe.each(ALL)('frames, by %s', (_name, way) => {
  const length = (first: number, ...bytes: number[]): Buffer => Buffer.from([first, 0xff, ...bytes, 0, 0, 0, 0]);

  async function opened(options?: ServerContainerOptions) {
    const served = await way.start(options);
    const { status, client } = await served.ask('/rooms/a');
    expect(status).toBe(101);
    return { served, client };
  }

  test.each<[string, Buffer]>([
    ['with its highest bit', length(0x81, 0x80, 0, 0, 0, 0, 0, 0, 1)],
    ['of 2^63 - 1', length(0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['of 2^53', length(0x82, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ['of 2^32', length(0x82, 0, 0, 0, 1, 0, 0, 0, 0)],
  ])('a 64-bit length %s ends the session at once, without waiting for the data', async (_what, frame) => {
    const { client } = await opened();
    client.send(frame);
    expect(await client.close()).toMatch(/^(?:1002|1009)/);
  });

  test('RSV1 without the extension ends the session with 1002', async () => {
    const { client } = await opened();
    client.send(clientFrame(0xc1, 'hi'));
    expect(await client.close()).toMatch(/^1002/);
  });

  test('an endless run of empty fragments ends the session with 1008', async () => {
    const { client } = await opened({ maxFragments: 100 });
    // The server of an adopted socket has its own limit: 16,384 with ws.
    const count = way.isAdopted === true ? 16_500 : 200;
    const empty = Buffer.from([0x00, 0x80, 0, 0, 0, 0]);
    client.send(clientFrame(0x01), Buffer.concat(Array.from({ length: count }, () => empty)));
    expect(await client.close()).toMatch(/^1008/);
  });

  test('a message above the limit ends the session with 1009, in one frame or in many', async () => {
    const options = { textBufferSize: 100 };
    for (const frames of [
      [clientFrame(0x81, 'x'.repeat(101))],
      [clientFrame(0x01, 'x'.repeat(60)), clientFrame(0x80, 'x'.repeat(60))],
    ]) {
      const { client } = await opened(options);
      client.send(clientFrame(0x81, 'x'.repeat(100)));
      expect(await client.text()).toBe(`a: ${'x'.repeat(100)}`);
      client.send(...frames);
      expect(await client.close()).toMatch(/^1009/);
    }
  });
});

describe.each(HTTP1)('data pipelined after an upgrade, by %s', (_name, way) => {
  test('is kept for the session, in order, while user code decides', async () => {
    const served = await way.start({ authenticate: () => turn().then(() => null) });
    const early = Buffer.concat(['1', '2', '3'].map((text) => clientFrame(0x81, text)));
    const { status, client } = await served.ask('/rooms/a', {}, early);
    expect(status).toBe(101);
    for (const text of ['1', '2', '3']) expect(await client.text()).toBe(`a: ${text}`);
  });

  test('is not read beyond the socket’s buffer in the meantime', async () => {
    const frames = Buffer.concat(Array.from({ length: 65_536 }, () => clientFrame(0x81, 'x'.repeat(122))));
    let held = 0;
    const served = await way.start({
      authenticate: async (request) => {
        // Node's IncomingMessage.
        const { socket } = request.getNativeRequest() as IncomingMessage;
        for (let count = 0; count < 200; count += 1) await turn();
        held = socket.readableLength;
        throw new serval.HandshakeRejection(401);
      },
    });
    expect((await served.ask('/rooms/a', {}, frames)).status).toBe(401);
    expect(frames.length).toBe(8 * 1024 * 1024);
    expect(held).toBeLessThan(256 * 1024);
  });

  test('after a refused one is dropped', async () => {
    const served = await way.start();
    const { status, client } = await served.ask('/rooms/a', { Origin: 'http://evil.example' }, clientFrame(0x81, 'hi'));
    expect(status).toBe(403);
    expect(served.container.getSessions().size).toBe(0);
    client.destroy();
  });
});
