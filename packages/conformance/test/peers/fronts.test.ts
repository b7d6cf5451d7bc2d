import { once } from 'node:events';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { describeWithPeer, FrontServer, type FrontName } from '.';
import {
  attach,
  CloseReason,
  HandshakeException,
  OnClose,
  OnMessage,
  OnOpen,
  PathParam,
  Server,
  ServerEndpoint,
  Session,
  type ServerContainer,
} from 'serval';
import { MAX_MESSAGE_BYTES } from '../../src/limits';
import { connectHttp2, Http2Client } from '../../../server/test/http2-client';
import { failureOf } from '../application';
import { EchoCaller, WsEchoCaller, type CallOptions } from '../echo-caller';
import { Heard } from '../echo-peer';
import { changedByEcho } from '../echo-table';
import { FRONT_NAMES, startGuided, type GuidedFront } from './guided-fronts';
import { LOCALHOST } from '../localhost';

// Our client, a front server, our server. Every configuration is the guide's own.

const START_MS = 60_000;
// A busy machine.
jest.setTimeout(30_000);

/** The server's ends of the connections, in the order of their handshakes. */
const ends: Echo[] = [];

@ServerEndpoint('/echo')
class Echo {
  readonly told = new Heard();

  @OnOpen
  open(): void {
    ends.push(this);
  }

  @OnMessage
  text(message: string, session: Session): string | Promise<undefined> {
    if (message === 'who am I')
      return [session.getRequestURI().href, session.isSecure(), session.getRemoteAddress()].join(' ');
    if (message !== 'close') return message;
    return session.close(new CloseReason(4002, 'as you wish')).then(() => undefined);
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    return message;
  }

  @OnClose
  close(reason: CloseReason): void {
    this.told.add(`close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim());
  }
}

@ServerEndpoint('/chat/{room}')
class Room {
  @OnMessage
  say(_text: string, @PathParam('room') room: string): string {
    return room;
  }
}

const OPTIONS = {
  logger: { error: () => undefined, warn: () => undefined, debug: () => undefined },
  perMessageDeflate: true,
  textBufferSize: MAX_MESSAGE_BYTES,
  binaryBufferSize: MAX_MESSAGE_BYTES,
  trustProxy: '127.0.0.1',
};

function serve(): Promise<Server> {
  return new Server({ host: '127.0.0.1', endpoints: [Echo, Room], ...OPTIONS }).start();
}

function open({ isSecure, authority }: GuidedFront, path = '/echo', options: CallOptions = {}): Promise<EchoCaller> {
  const uri = `${isSecure ? 'wss' : 'ws'}://${authority}${path}`;
  return EchoCaller.open(uri, { ...(isSecure && { sslContext: { ca: LOCALHOST.cert } }), ...options });
}

async function statusOf(front: GuidedFront, path: string, options?: CallOptions): Promise<number> {
  const error = await failureOf(async () => (await open(front, path, options)).session.close());
  if (error instanceof HandshakeException && error.status !== undefined) return error.status;
  throw error;
}

const ownOrigin = ({ isSecure, authority }: GuidedFront): string => `${isSecure ? 'https' : 'http'}://${authority}`;

/** A session of the server on another of its addresses than the front server's, with headers that are not true. */
async function openForging({ isSecure, authority }: GuidedFront): Promise<WsEchoCaller> {
  return WsEchoCaller.open(`${isSecure ? 'wss' : 'ws'}://${authority}/echo`, {
    ca: LOCALHOST.cert,
    localAddress: '127.0.0.2',
    headers: {
      'X-Forwarded-For': '192.0.2.1',
      'X-Forwarded-Proto': isSecure ? 'http' : 'https',
      Forwarded: 'for=192.0.2.1',
    },
    family: 4,
  });
}

describe.each(FRONT_NAMES)('%s', (name) => {
  describeWithPeer(FrontServer.kind(name), `${name} as the guide has it`, () => {
    let server: Server;
    let guided: GuidedFront;
    beforeAll(async () => {
      server = await serve();
      guided = await startGuided(name, server.port);
    }, START_MS);
    afterAll(async () => {
      await guided?.front.stop();
      await server?.stop({ grace: 0 });
    });

    test.each([
      [false, []],
      [true, ['permessage-deflate']],
    ])('echoes every message (perMessageDeflate: %s)', async (perMessageDeflate, extensions) => {
      const caller = await open(guided, '/echo', { perMessageDeflate });
      expect(caller.extensions).toEqual(extensions);
      expect(await changedByEcho(caller.exchange)).toEqual([]);
      await caller.session.getBasicRemote().sendPing(Buffer.from('are you there'));
      expect(await caller.told.until(1)).toEqual(['pong are you there']);
      await caller.session.close();
    });

    test('passes close codes and phrases on in both directions', async () => {
      const leaving = await open(guided);
      await leaving.session.close(new CloseReason(4001, 'enough'));
      expect(await leaving.told.closed()).toEqual(['close 4001 enough']);
      expect(await ends.at(-1)?.told.closed()).toEqual(['close 4001 enough']);

      const dismissed = await open(guided);
      await dismissed.session.getBasicRemote().sendText('close');
      expect(await dismissed.told.closed()).toEqual(['close 4002 as you wish']);
      expect(await ends.at(-1)?.told.closed()).toEqual(['close 4002 as you wish']);
    });

    test('accepts its own pages and refuses foreign ones', async () => {
      const caller = await open(guided, '/echo', { headers: { Origin: ownOrigin(guided) } });
      await caller.session.close();
      expect(await statusOf(guided, '/echo', { headers: { Origin: 'https://evil.example' } })).toBe(403);
      expect(await statusOf(guided, '/echo', { headers: { Origin: `${ownOrigin(guided)}0` } })).toBe(403);
    });

    test('the server receives the client’s address, scheme and host, regardless of the client’s own headers', async () => {
      const caller = await openForging(guided);
      const scheme = guided.isSecure ? 'wss' : 'ws';
      expect(await caller.exchange(['who am I'])).toBe(
        `${scheme}://${guided.authority}/echo ${guided.isSecure} 127.0.0.2`,
      );
      caller.socket.close();
      await once(caller.socket, 'close');
    });

    test('passes a path on with its percent signs and slashes', async () => {
      const caller = await open(guided, '/chat/caf%C3%A9%20a%2Fb%25?x=%2F');
      expect(await caller.exchange(['where am I'])).toBe('café a/b%');
      await caller.session.close();
    });

    test('passes a refusal of the server on with its status', async () => {
      expect(await statusOf(guided, '/nowhere')).toBe(404);
    });
  });
});

/** A change to a line of a guide's configuration, and the result for a client. */
const TRAPS: readonly (readonly [
  FrontName,
  what: string,
  changes: readonly [string, string],
  path: string,
  status: number,
])[] = [
  ['nginx', 'decodes an encoded slash', ['127.0.0.1:8080;', '127.0.0.1:8080/;'], '/chat/a%2Fb', 404],
  ['haproxy', 'speaks the PROXY protocol', ['127.0.0.1:8080', '127.0.0.1:8080 send-proxy'], '/echo', 400],
  ['apache', 'rewrites Host', ['ProxyPreserveHost On', ''], '/echo', 403],
  ['apache', 'refuses an encoded slash', ['AllowEncodedSlashes NoDecode', ''], '/chat/a%2Fb', 404],
  ['apache', 'refuses an encoded percent sign', [' nocanon', ''], '/chat/100%25', 400],
  ['apache', 'does not pass Upgrade on', [' upgrade=websocket', ''], '/echo', 426],
  ['varnish', 'does not pass Connection on', ['set bereq.http.connection', '# '], '/echo', 426],
  ['lighttpd', 'decodes an encoded slash', ['server.http-parseopts', '# '], '/chat/a%2Fb', 404],
  ['squid', 'drops the port of Host', ['defaultsite=chat.example', 'defaultsite=chat.example no-vhost'], '/echo', 403],
  ['squid', 'does not pass Upgrade on', ['http_upgrade_request_protocols', '# '], '/echo', 426],
  ['h2o', 'rewrites Host', ['proxy.preserve-host: ON', 'proxy.preserve-host: OFF'], '/echo', 403],
  ['h2o', 'does not pass Upgrade on', ['proxy.websocket: ON', 'proxy.websocket: OFF'], '/echo', 426],
  ['trafficserver', 'rewrites Host', ['pristine_host_hdr INT 1', 'pristine_host_hdr INT 0'], '/echo', 403],
];

describe('a missing line', () => {
  let server: Server;
  beforeAll(async () => (server = await serve()));
  afterAll(() => server?.stop({ grace: 0 }));

  for (const [name, what, change, path, status] of TRAPS) {
    describeWithPeer(FrontServer.kind(name), name, () => {
      test(
        `${what}: ${status}`,
        async () => {
          const guided = await startGuided(name, server.port, [change]);
          try {
            expect(await statusOf(guided, path, { headers: { Origin: ownOrigin(guided) } })).toBe(status);
          } finally {
            await guided.front.stop();
          }
        },
        START_MS,
      );
    });
  }
});

describe('a forged client address', () => {
  let server: Server;
  beforeAll(async () => (server = await serve()));
  afterAll(() => server?.stop({ grace: 0 }));

  const HEADER = 'http-request set-header X-Forwarded-For %[src]';
  const cases: [FrontName, what: string, readonly (readonly [string, string])[], address: string][] = [
    ['haproxy', 'a second line', [[HEADER, 'option forwardfor']], '127.0.0.2'],
    [
      'apache',
      'a list of both',
      [
        ['ProxyAddHeaders Off', ''],
        ['RequestHeader set X-Forwarded-For', '# '],
      ],
      '127.0.0.2',
    ],
    ['squid', 'a list of both', [['forwarded_for truncate', '']], '127.0.0.2'],
    [
      'nghttpx',
      'nothing but the forged one',
      [
        ['strip-incoming-x-forwarded-for=yes', ''],
        ['add-x-forwarded-for=yes', ''],
      ],
      '192.0.2.1',
    ],
  ];
  for (const [name, what, changes, address] of cases) {
    describeWithPeer(FrontServer.kind(name), name, () => {
      test(`with ${what}: ${address}`, async () => {
        const guided = await startGuided(name, server.port, changes);
        try {
          const caller = await openForging(guided);
          expect(
            String(await caller.exchange(['who am I']))
              .split(' ')
              .at(-1),
          ).toBe(address);
          caller.socket.terminate();
        } finally {
          await guided.front.stop();
        }
      });
    });
  }
});

/** Silence of this time ends a session. Caddy has no such timer. */
const SHORT: Readonly<Partial<Record<FrontName, readonly (readonly [string, string])[]>>> = {
  nginx: [['75s', '3s']],
  haproxy: [['75s', '3s']],
  apache: [
    ['timeout=75', 'timeout=3'],
    // The longer of both counts.
    ['SSLEngine on', 'SSLEngine on\n  Timeout 3'],
  ],
  varnish: [['pipe_timeout=75', 'pipe_timeout=3']],
  lighttpd: [
    ['max-read-idle = 75', 'max-read-idle = 3'],
    ['max-write-idle = 75', 'max-write-idle = 3'],
  ],
  nghttpx: [['75s', '3s']],
  squid: [['read_timeout 75', 'read_timeout 3']],
  h2o: [['75000', '3000']],
  trafficserver: [['no_activity_timeout INT 75', 'no_activity_timeout INT 3']],
};

describe('a session without traffic', () => {
  const names = FRONT_NAMES.filter((name) => name in SHORT && FrontServer.kind(name).missing() === undefined);
  let server: Server;
  beforeAll(async () => (server = await serve()));
  afterAll(() => server?.stop({ grace: 0 }));

  // Side by side, because each of them waits.
  test(
    'is ended with 1006 on both sides; one with pings is not',
    async () => {
      const outcomes = names.map(async (name) => {
        const guided = await startGuided(name, server.port, SHORT[name]);
        try {
          const kept = await open(guided, '/echo', { pingInterval: 400 });
          const silent = await open(guided, '/chat/silent');
          const end = (await silent.told.closed()).at(-1)?.slice(0, 10);
          const echo = await kept.exchange(['still there']);
          await kept.session.close();
          return [name, end, echo];
        } finally {
          await guided.front.stop();
        }
      });
      expect(await Promise.all(outcomes)).toEqual(names.map((name) => [name, 'close 1006', 'still there']));
      expect(server.container.getSessions().size).toBe(0);
    },
    START_MS,
  );
});

describe('WebSocket over HTTP/2', () => {
  /** The setting that enables HTTP/2 in each; lighttpd loses close frames, so the guide's configuration disables it. */
  const IN_FRONT: readonly (readonly [FrontName, readonly (readonly [string, string])[]])[] = [
    ['haproxy', []],
    ['nghttpx', []],
    ['apache', [['SSLEngine on', 'SSLEngine on\n  Protocols h2 http/1.1\n  H2WebSockets on']]],
  ];
  const BEHIND: readonly (readonly [FrontName, readonly (readonly [string, string])[]])[] = [
    ['haproxy', [['server s1 127.0.0.1:8080', 'server s1 127.0.0.1:8080 proto h2']]],
    ['nghttpx', [['backend=127.0.0.1,8080', 'backend=127.0.0.1,8080;;proto=h2']]],
  ];

  /** Two of them on one connection: texts, and a close by either side. */
  async function expectStreams(guided: GuidedFront): Promise<void> {
    const connection = await connectHttp2(guided.front.port, LOCALHOST.cert.toString());
    const origin = { origin: ownOrigin(guided), ':scheme': 'https', ':authority': guided.authority };
    const leaving = await Http2Client.open(connection, '/echo', origin);
    const leavingEnd = ends.at(-1);
    const dismissed = await Http2Client.open(connection, '/echo', origin);
    const dismissedEnd = ends.at(-1);
    leaving.send(clientFrame(0x81, 'who am I'));
    expect(await leaving.text()).toBe(`wss://${guided.authority}/echo true 127.0.0.1`);
    leaving.send(clientFrame(0x88, Buffer.from([0x0f, 0xa1, ...Buffer.from('enough')])));
    expect(await leaving.close()).toBe('4001 enough');
    expect(await leavingEnd?.told.closed()).toEqual(['close 4001 enough']);
    dismissed.send(clientFrame(0x81, 'close'));
    expect(await dismissed.close()).toBe('4002 as you wish');
    dismissed.send(clientFrame(0x88, Buffer.from([0x0f, 0xa2])));
    expect((await dismissedEnd?.told.closed())?.at(-1)).toMatch(/^close 4002/);
    const foreign = Http2Client.request(connection, '/echo', { ...origin, origin: 'https://evil.example' });
    expect(await foreign.status()).toBe(403);
    connection.destroy();
  }

  for (const [name, changes] of IN_FRONT) {
    describeWithPeer(FrontServer.kind(name), `in front, by ${name}`, () => {
      test(
        'needs nothing behind',
        async () => {
          const server = await serve();
          const guided = await startGuided(name, server.port, changes);
          try {
            await expectStreams(guided);
          } finally {
            await guided.front.stop();
            await server.stop({ grace: 0 });
          }
        },
        START_MS,
      );
    });
  }

  for (const [name, changes] of BEHIND) {
    describeWithPeer(FrontServer.kind(name), `behind, by ${name}`, () => {
      let http2: Http2Server;
      let container: ServerContainer;
      let guided: GuidedFront;
      beforeAll(async () => {
        http2 = createHttp2Server();
        container = attach(http2, OPTIONS);
        container.addEndpoint(Echo);
        container.addEndpoint(Room);
        await once(http2.listen(0, '127.0.0.1'), 'listening');
        // It listens on a port.
        guided = await startGuided(name, (http2.address() as AddressInfo).port, changes);
      }, START_MS);
      afterAll(async () => {
        await guided?.front.stop();
        await container?.stop({ grace: 0 });
        http2?.close();
      });

      test('serves clients of HTTP/1.1', async () => {
        const caller = await open(guided, '/echo', { perMessageDeflate: true, headers: { Origin: ownOrigin(guided) } });
        expect(caller.extensions).toEqual(['permessage-deflate']);
        expect(await changedByEcho(caller.exchange)).toEqual([]);
        await caller.session.close(new CloseReason(4001, 'enough'));
        expect(await caller.told.closed()).toEqual(['close 4001 enough']);
        expect(await ends.at(-1)?.told.closed()).toEqual(['close 4001 enough']);
        expect(await statusOf(guided, '/echo', { headers: { Origin: 'https://evil.example' } })).toBe(403);
        expect(await statusOf(guided, '/nowhere')).toBe(404);
      });

      test('answers a client of HTTP/1.1 with one Sec-WebSocket-Accept', async () => {
        const client = await LiteralSocket.connect(guided.front.port, { ca: LOCALHOST.cert.toString() });
        const { status, headers } = await client.upgrade('/echo', { Host: guided.authority });
        client.destroy();
        expect([status, headers.get('sec-websocket-accept')?.length]).toEqual([101, 1]);
      });

      test('serves clients of HTTP/2', () => expectStreams(guided));
    });
  }
});

describeWithPeer(FrontServer.kind('caddy'), 'caddy', () => {
  test(
    'that stops sends a close frame to both sides, to the server an unmasked one (1002)',
    async () => {
      const server = await serve();
      const guided = await startGuided('caddy', server.port);
      try {
        const caller = await open(guided);
        await guided.front.stop();
        expect(await caller.told.closed()).toEqual(['close 1001']);
        // Unless the client's answer to the other one, which is masked, comes first.
        expect((await ends.at(-1)?.told.closed())?.at(-1)).toMatch(
          /^close (1002 a frame of a client is not masked|1001)$/,
        );
      } finally {
        await guided.front.stop();
        await server.stop({ grace: 0 });
      }
    },
    START_MS,
  );
});
