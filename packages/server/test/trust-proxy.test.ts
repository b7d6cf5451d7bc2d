import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeploymentException,
  Endpoint,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
} from '@serval/api';
import { attach } from '../src/http-host';
import { Server } from '../src/server';
import type { TrustProxy } from '../src/trust-proxy';
import { trustedProxies } from '../src/trust-proxy';
import { connectHttp2, Http2Client } from './http2-client';
import { upgradeRequest, type HeaderChanges, type RawConnection } from './raw-connection';
import { connectTo, listen, loggerInto, TestServer } from './test-server';
import { afterTest, Journal } from '../../testing/test/toolbox';

/** Sends its client the facts that the server has about it. */
function facts(session: Session): string {
  return [session.getRequestURI().href, session.isSecure(), session.getRemoteAddress()].join(' ');
}

@ServerEndpoint('/who')
class Who {
  @OnOpen open(session: Session): Promise<void> {
    return session.getBasicRemote().sendText(facts(session));
  }
  @OnMessage text(text: string): string {
    return text;
  }
}

async function who(trustProxy: TrustProxy | undefined, changes: HeaderChanges): Promise<string> {
  const server = await TestServer.start({ trustProxy }, Who);
  const client = await server.open('/who', { Host: 'chat.example', ...changes });
  return client.text();
}

const FORWARDED = {
  'X-Forwarded-For': '192.0.2.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'public.example:8443',
};
const AS_SENT = 'ws://chat.example/who false 127.0.0.1';
const AS_FORWARDED = 'wss://public.example:8443/who true 192.0.2.1';

describe('X-Forwarded-* headers', () => {
  test.each<[TrustProxy | undefined]>([[undefined], [false], [0], [[]], ['10.0.0.0/8'], ['::1'], [() => false]])(
    'count nothing with trustProxy: %p, when 127.0.0.1 sends them',
    async (trustProxy) => {
      expect(await who(trustProxy, FORWARDED)).toBe(AS_SENT);
    },
  );

  test.each<[TrustProxy]>([
    ['loopback'],
    ['127.0.0.1'],
    ['127.0.0.0/8'],
    ['127.0.0.0/255.0.0.0'],
    ['10.0.0.0/8, loopback'],
    [['uniquelocal', 'loopback']],
    [1],
    [(address) => address === '127.0.0.1'],
  ])('set address, scheme and host with trustProxy: %p', async (trustProxy) => {
    expect(await who(trustProxy, FORWARDED)).toBe(AS_FORWARDED);
  });

  test('work independently', async () => {
    const alone = (name: keyof typeof FORWARDED): Promise<string> => who('loopback', { [name]: FORWARDED[name] });
    expect(await alone('X-Forwarded-For')).toBe('ws://chat.example/who false 192.0.2.1');
    expect(await alone('X-Forwarded-Proto')).toBe('wss://chat.example/who true 127.0.0.1');
    expect(await alone('X-Forwarded-Host')).toBe('ws://public.example:8443/who false 127.0.0.1');
    expect(await who('loopback', {})).toBe(AS_SENT);
  });
});

describe('X-Forwarded-For', () => {
  test.each<[string, TrustProxy, string | readonly string[], string]>([
    ['the entry of the proxy, behind a forged one', 'loopback', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['the line of the proxy, behind a forged one', 'loopback', ['203.0.113.9', '192.0.2.1'], '192.0.2.1'],
    ['no forged loopback address', 'loopback', '203.0.113.9, 127.0.0.1, 192.0.2.1', '192.0.2.1'],
    ['past trusted proxies', 'loopback, 10.0.0.0/8', '203.0.113.9, 192.0.2.1, 10.0.0.2, 10.0.0.1', '192.0.2.1'],
    ['past trusted proxies in lines', 'loopback, 10.0.0.0/8', ['192.0.2.1, 10.0.0.2', '10.0.0.1'], '192.0.2.1'],
    ['as many hops as are given', 2, '203.0.113.9, 192.0.2.1, 10.0.0.1', '192.0.2.1'],
    ['the first of all where all are trusted', 10, '192.0.2.1, 10.0.0.1', '192.0.2.1'],
    [
      'by a function',
      (address, hop) => hop === 0 || address === '10.0.0.1',
      '1.1.1.1, 192.0.2.1, 10.0.0.1',
      '192.0.2.1',
    ],
    ['an IPv6 address', 'loopback', '2001:db8::1', '2001:db8::1'],
    ['an IPv6 address with a port', 'loopback', '[2001:db8::1]:443', '2001:db8::1'],
    ['an IPv6 address in brackets', 'loopback', '[2001:db8::1]', '2001:db8::1'],
    ['an IPv4 address with a port', 'loopback', '192.0.2.1:50123', '192.0.2.1'],
    ['a mapped address of a trusted proxy', 'loopback, 10.0.0.0/8', '192.0.2.1, ::ffff:10.0.0.1', '192.0.2.1'],
    ['past empty elements', 'loopback', ['192.0.2.1, ,', ''], '192.0.2.1'],
    ['the proxy for what is no address', 'loopback', 'unknown', '127.0.0.1'],
    ['the proxy for a name', 'loopback', '192.0.2.1, localhost', '127.0.0.1'],
    ['the proxy for a number', 'loopback', '192.0.2.1, 2130706433', '127.0.0.1'],
    ['the proxy for a quotation', 'loopback', '192.0.2.1, "192.0.2.2"', '127.0.0.1'],
    ['the last proxy before what is no address', 'loopback, 10.0.0.0/8', '192.0.2.1, x, 10.0.0.1', '10.0.0.1'],
    ['the proxy for an empty header', 'loopback', '', '127.0.0.1'],
  ])('finds %s (trustProxy: %p)', async (_what, trustProxy, list, address) => {
    expect(await who(trustProxy, { 'X-Forwarded-For': list })).toBe(`ws://chat.example/who false ${address}`);
  });

  test('a function receives each address and its hop, starting at the socket', async () => {
    const asked: unknown[] = [];
    await who(
      (address, hop) => {
        asked.push([address, hop]);
        return true;
      },
      { 'X-Forwarded-For': '192.0.2.1, 10.0.0.1' },
    );
    expect(asked).toEqual([
      ['127.0.0.1', 0],
      ['10.0.0.1', 1],
      ['192.0.2.1', 2],
    ]);
  });

  test('a handshake request returns the client’s address, and its port if known', async () => {
    const told: unknown[] = [];
    class Asking extends ServerEndpointConfig.Configurator {
      override checkOrigin(...[, request]: Parameters<ServerEndpointConfig.Configurator['checkOrigin']>): boolean {
        told.push([request?.getRemoteAddress(), request?.getRemoteHostName(), request?.getRemotePort()]);
        told.push([request?.getLocalHostName(), request?.getHeaders().get('Host')]);
        return true;
      }
    }
    class Silent extends Endpoint {
      override onOpen(): void {}
    }
    const config = ServerEndpointConfig.Builder.create(Silent, '/who').configurator(new Asking()).build();
    const server = await TestServer.start({ trustProxy: 1 }, config);
    await server.open('/who', { ...FORWARDED, 'X-Forwarded-For': '192.0.2.1:50123' });
    await server.open('/who', { 'X-Forwarded-For': '192.0.2.1' });
    expect(told).toEqual([
      ['192.0.2.1', '192.0.2.1', 50_123],
      ['public.example', ['localhost']],
      ['192.0.2.1', '192.0.2.1', -1],
      ['localhost', ['localhost']],
    ]);
  });
});

describe('X-Forwarded-Proto and X-Forwarded-Host', () => {
  test.each<[string | readonly string[], boolean]>([
    ['https', true],
    ['HTTPS', true],
    ['wss', true],
    ['http', false],
    ['ws', false],
    ['http, https', true],
    ['https, http', false],
    [['http', 'https'], true],
    [['https', 'http'], false],
    ['https,', true],
    ['', false],
    ['true', false],
    ['https/2', false],
  ])('the scheme %j is secure: %p', async (scheme, isSecure) => {
    expect(await who('loopback', { 'X-Forwarded-Proto': scheme })).toBe(
      `${isSecure ? 'wss' : 'ws'}://chat.example/who ${isSecure} 127.0.0.1`,
    );
  });

  test.each<[string | readonly string[], string]>([
    ['public.example', 'public.example'],
    ['forged.example, public.example', 'public.example'],
    [['forged.example', 'public.example:8443'], 'public.example:8443'],
    ['[2001:db8::1]:8443', '[2001:db8::1]:8443'],
    ['', 'chat.example'],
  ])('the host %j is %s', async (host, own) => {
    expect(await who('loopback', { 'X-Forwarded-Host': host })).toBe(`ws://${own}/who false 127.0.0.1`);
  });

  test.each(['a b', 'evil.example/', 'user@evil.example', 'evil.example\\', 'x:http'])(
    'the host %j is 400',
    async (host) => {
      const server = await TestServer.start({ trustProxy: 1 }, Who);
      const { status, body } = await server.request('/who', { 'X-Forwarded-Host': host });
      expect([status, body]).toEqual([400, 'The X-Forwarded-Host header must end with a host.\n']);
    },
  );
});

describe('the origin check', () => {
  test.each<[TrustProxy, HeaderChanges, number]>([
    ['loopback', { Host: '127.0.0.1:9000', 'X-Forwarded-Host': 'public.example' }, 101],
    ['loopback', { Host: '127.0.0.1:9000', 'X-Forwarded-Host': 'other.example' }, 403],
    ['loopback', { Host: 'public.example', 'X-Forwarded-Host': 'other.example' }, 403],
    ['loopback', { Host: 'public.example' }, 101],
    [false, { Host: '127.0.0.1:9000', 'X-Forwarded-Host': 'public.example' }, 403],
    ['10.0.0.1', { Host: 'public.example', 'X-Forwarded-Host': 'other.example' }, 101],
  ])('with trustProxy: %p and %j answers %d', async (trustProxy, changes, status) => {
    const server = await TestServer.start({ trustProxy }, Who);
    expect((await server.request('/who', { ...changes, Origin: 'https://public.example' })).status).toBe(status);
  });

  test('warns of a refusal with the origin and the server’s host, once for each origin', async () => {
    const server = await TestServer.start({ trustProxy: 1 }, Who);
    await server.request('/who', { Host: '127.0.0.1:9000', Origin: 'https://public.example' });
    for (let round = 0; round < 2; round += 1)
      await server.request('/who', { 'X-Forwarded-Host': 'a.example', Origin: 'null' });
    const line = (origin: string, host: string): unknown =>
      expect.stringContaining(
        `The handshake for /who is refused with 403: its Origin is "${origin}", and the server's own host is "${host}".`,
      );
    expect(server.log.entries.filter((entry) => entry.includes('own host'))).toEqual([
      line('https://public.example', '127.0.0.1:9000'),
      line('null', 'a.example'),
      line('null', 'a.example'),
    ]);
    expect(server.log.entries.filter((entry) => entry.startsWith('warn'))).toHaveLength(2);
  });
});

describe('every way to a session', () => {
  async function firstText(client: RawConnection): Promise<string> {
    expect((await client.response()).status).toBe(101);
    return client.text();
  }

  test.each(['native', 'ws'] as const)('Server, over the engine %s', async (engine) => {
    const server = await new Server({ host: '127.0.0.1', endpoints: [Who], trustProxy: 'loopback', engine }).start();
    afterTest(() => server.stop({ grace: 0 }));
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/who', FORWARDED));
    expect(await firstText(client)).toBe(AS_FORWARDED);
  });

  test('a Unix domain socket, whose peers have no address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serval-'));
    afterTest(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'server.sock');
    const asked: string[] = [];
    for (const [trustProxy, seen] of [
      [1, AS_FORWARDED],
      ['loopback', AS_SENT.slice(0, -'127.0.0.1'.length)],
      [(address: string, hop: number) => hop === 0 && asked.push(address) > 0, AS_FORWARDED],
    ] as const) {
      const server = await new Server({ port: path, endpoints: [Who], trustProxy }).start();
      const socket = connectTcp(path);
      afterTest(() => socket.destroy());
      let received = '';
      socket.on('data', (data) => (received += data.toString()));
      socket.write(upgradeRequest('/who', { Host: 'chat.example', ...FORWARDED }));
      while (!received.includes(seen)) await once(socket, 'data');
      expect(received.slice(received.indexOf('ws'))).toContain(seen);
      await server.stop({ grace: 0 });
    }
    expect(asked).toEqual(['']);
  });

  test('HTTP/2', async () => {
    const http2 = createHttp2Server();
    attach(http2, { trustProxy: 'loopback' }).addEndpoint(Who);
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve));
    afterTest(() => new Promise((resolve) => http2.close(resolve)));
    const session = await connectHttp2((http2.address() as { port: number }).port);
    const headers = Object.fromEntries(Object.entries(FORWARDED).map(([name, value]) => [name.toLowerCase(), value]));
    const client = await Http2Client.open(session, '/who', headers);
    expect(await client.text()).toBe(AS_FORWARDED);
    const forged = await Http2Client.open(session, '/who', { ...headers, 'x-forwarded-for': '203.0.113.9, 192.0.2.1' });
    expect(await forged.text()).toBe(AS_FORWARDED);
    session.destroy();
  });

  test('upgradeHttpToWebSocket', async () => {
    const http = createServer();
    // Another path, which the test routes by hand.
    const container = attach(http, { trustProxy: 'loopback', contextPath: '/elsewhere' });
    class Telling extends Endpoint {
      override onOpen(session: Session): void {
        void session.getBasicRemote().sendText(facts(session));
      }
    }
    const config = ServerEndpointConfig.Builder.create(Telling, '/who').build();
    http.on(
      'upgrade',
      (request, socket, head) => void container.upgradeHttpToWebSocket(request, { socket, head }, config),
    );
    const client = await connectTo(await listen(http));
    client.send(upgradeRequest('/who', FORWARDED));
    expect(await firstText(client)).toBe(AS_FORWARDED);
  });
});

describe('a function that fails', () => {
  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no list today');
      },
      'no list today',
    ],
    [
      'returns a promise',
      () => Promise.resolve(true),
      'trustProxy returned a promise for "127.0.0.1"; expected true or false.',
    ],
    ['returns a promise that rejects', () => Promise.reject(new Error('late')), 'trustProxy returned a promise'],
    ['returns text', () => 'yes', 'trustProxy returned string for "127.0.0.1"; expected true or false.'],
    ['returns nothing', () => undefined, 'trustProxy returned undefined'],
  ])('%s trusts no proxy, and logs the error', async (_what, fail, message) => {
    const log = new Journal();
    const server = await TestServer.start({ trustProxy: fail as () => boolean, logger: loggerInto(log) }, Who);
    const client = await server.open('/who', { Host: 'chat.example', ...FORWARDED });
    expect(await client.text()).toBe(AS_SENT);
    expect(log.entries.find((entry) => entry.startsWith('error'))).toContain(message);
  });
});

describe('trustProxy', () => {
  test.each<[unknown, RegExp]>([
    [true, /found true\. true would trust every client/],
    [-1, /found -1/],
    [1.5, /found 1\.5/],
    [Number.NaN, /found NaN/],
    [Infinity, /found Infinity/],
    [null, /found null/],
    [{}, /found \{\}/],
    [Object.create(null), /found \[Object: null prototype\] \{\}/],
    [[10n], /found \[ 10n \]/],
    [[1], /found \[ 1 \]/],
    [10n, /found 10n/],
    ['', /found '' \(invalid IP address.*Remove the empty entry; false trusts no proxy\.$/],
    ['localhost', /found 'localhost' \(invalid IP address: localhost\)/],
    ['10.0.0.0/33', /invalid range on address: 10\.0\.0\.0\/33/],
    ['10.0.0.0/', /invalid range/],
    ['loopback,', /found 'loopback,'.*Remove the empty entry/],
    [['loopback', '*'], /invalid IP address: \*/],
  ])('%p is rejected at deployment', (option, message) => {
    const making = (): unknown => trustedProxies(option as TrustProxy);
    expect(making).toThrow(DeploymentException);
    expect(making).toThrow(expect.objectContaining({ code: 'WS_DEPLOY_BAD_OPTION' }));
    expect(making).toThrow(message);
    expect(making).toThrow(/^trustProxy is /);
  });
});
