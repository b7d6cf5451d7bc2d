import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { OnMessage, ServerEndpoint, type Principal } from '@serval/api';
import { TestServer, type TestServerOptions } from '@serval/testing';
import { selfSignedCertificate } from '../../../examples/certificate';
import { afterTest, Journal, rejection } from '../../testing/test/toolbox';
import { endpoint, Server, type ServerOptions, type StopProgress } from '../src';
import { upgradeRequest } from './raw-connection';
import { connectTo, loggerInto } from './test-server';

const log = new Journal();
beforeEach(() => void log.entries.splice(0));
const logger = loggerInto(log);

const chat = endpoint('/chat/{room}', {
  onOpen: (session) => session.join(session.params.room),
  onText: (text) => text,
});
const news = endpoint('/news', { onText: (text) => text });

function start(options: TestServerOptions = {}): TestServer {
  const authenticate: TestServerOptions['authenticate'] = (request) => {
    const name = request.getRequestURI().searchParams.get('user');
    const user: Principal | null = name === null ? null : { getName: () => name };
    return user;
  };
  const server = new TestServer({ endpoints: [chat, news], logger, authenticate, ...options });
  afterTest(() => server.container.stop({ grace: 1 }));
  return server;
}

async function startServer(options: ServerOptions = {}): Promise<Server> {
  const server = new Server({ host: '127.0.0.1', endpoints: [chat], logger, ...options });
  afterTest(() => server.stop({ grace: 1 }));
  return server.start();
}

describe('container.sessions', () => {
  async function people() {
    const server = start();
    const ann = await server.connect('/chat/blue?user=ann', { remoteAddress: '2001:db8::1' });
    const bob = await server.connect('/chat/red?user=bob', { remoteAddress: '192.0.2.2' });
    const annToo = await server.connect('/news?user=ann', { remoteAddress: '192.0.2.3' });
    const nobody = await server.connect('/news', { remoteAddress: '192.0.2.2' });
    return { sessions: server.container.sessions, server, ann, bob, annToo, nobody };
  }

  test('describes every session as plain data', async () => {
    const { sessions } = await people();
    expect(JSON.parse(JSON.stringify(sessions.list()))).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        endpoint: '/chat/{room}',
        user: 'ann',
        address: '2001:db8::1',
        rooms: ['blue'],
      },
      { id: expect.anything(), endpoint: '/chat/{room}', user: 'bob', address: '192.0.2.2', rooms: ['red'] },
      { id: expect.anything(), endpoint: '/news', user: 'ann', address: '192.0.2.3', rooms: [] },
      { id: expect.anything(), endpoint: '/news', user: null, address: '192.0.2.2', rooms: [] },
    ]);
    expect([sessions.count(), sessions.list({}, 2).length, [...sessions].length]).toEqual([4, 2, 4]);
  });

  test.each([
    [{ user: 'ann' }, 2],
    [{ endpoint: '/news' }, 2],
    [{ endpoint: news }, 2],
    [{ user: 'ann', endpoint: '/news' }, 1],
    [{ room: 'blue' }, 1],
    [{ room: 'blue', user: 'bob' }, 0],
    [{ address: '192.0.2.2' }, 2],
    [{ address: '::ffff:192.0.2.2', endpoint: '/chat/{room}' }, 1],
    [{ address: '2001:db8:0:0:9::' }, 1],
    [{ user: 'zoe' }, 0],
  ])('filters by all parts of the query: %j', async (query, count) => {
    const { sessions } = await people();
    expect([sessions.count(query), sessions.list(query).length, [...sessions.filter(query)].length]).toEqual([
      count,
      count,
      count,
    ]);
  });

  test('closes the sessions that match, with a reason, and returns their number', async () => {
    const { sessions, ann, annToo, bob } = await people();
    expect(await sessions.close({ user: 'ann' }, 4001, 'logged out')).toBe(2);
    expect([await ann.closed(), await annToo.closed()]).toEqual([
      { code: 4001, reason: 'logged out' },
      { code: 4001, reason: 'logged out' },
    ]);
    bob.send('still here');
    expect(await bob.receive()).toBe('still here');
    expect(sessions.count()).toBe(2);
  });

  test('finds a session by the ID that list gave', async () => {
    const { sessions } = await people();
    const [first] = sessions.list({ user: 'bob' });
    expect(sessions.get(first?.id ?? '')?.user?.getName()).toBe('bob');
    expect(sessions.get('none')).toBeUndefined();
  });

  test.each([
    [{ usr: 'ann' }, 'usr is not an option of close; did you mean user?'],
    [{ user: 5 }, /^close: user is .*; found 5/],
    [
      { user: undefined },
      'close: user is undefined. Pass a value, or leave it out to close the sessions with any user.',
    ],
    [{ room: 'blue', address: undefined }, /^close: address is undefined/],
    [{ endpoint: '/nowhere' }, /\/nowhere/],
    [undefined, /^close takes an object of options/],
  ])('close rejects the query %j, and closes nothing', async (query, message) => {
    const { sessions } = await people();
    expect((await rejection(sessions.close(query as object))).message).toMatch(message);
    expect(sessions.count()).toBe(4);
  });
});

describe('configure', () => {
  test('limits of connections count at once, and count the sessions that are open already', async () => {
    const server = start();
    const first = await server.connect('/chat/blue?user=ann', { remoteAddress: '192.0.2.1' });
    server.container.configure({ maxConnectionsPerAddress: 1 });
    const error: unknown = await rejection(server.connect('/news', { remoteAddress: '192.0.2.1' }));
    expect(error).toMatchObject({ status: 503 });
    await server.connect('/news', { remoteAddress: '192.0.2.2' });
    await first.close(1000);
    while (server.container.getSessions().size > 1) await new Promise((resolve) => setImmediate(resolve));
    await server.connect('/news', { remoteAddress: '192.0.2.1' });
    server.container.configure({ maxConnectionsPerAddress: 0, maxConnectionsPerUser: 1 });
    await server.connect('/chat/red?user=ann', { remoteAddress: '192.0.2.1' });
    expect(await rejection(server.connect('/news?user=ann'))).toMatchObject({ status: 503 });
  });

  test('sizes count for sessions that open from now on', async () => {
    const server = start();
    const old = await server.connect('/news');
    server.container.configure({ textBufferSize: 3 });
    const young = await server.connect('/news');
    old.send('1234');
    expect(await old.receive()).toBe('1234');
    young.send('1234');
    expect((await young.closed()).code).toBe(1009);
  });

  test('another logger takes over', async () => {
    const server = start();
    log.entries.splice(0);
    const other = new Journal();
    server.container.configure({ logger: loggerInto(other), handshakeTimeout: 1234 });
    await rejection(server.connect('/nowhere'));
    expect([log.entries, server.container.handshakeTimeoutMs]).toEqual([[], 1234]);
    expect(other.entries.join()).toMatch(/^warn The handshake for \/nowhere was refused with 404/);
  });

  test.each([
    [
      { maxConnections: 5, engine: 'ws' },
      /^engine is fixed when the container is created\. Pass it to new Server or attach; configure changes maxQueuedBytes,/,
    ],
    [
      { maxConnections: 5, maxConections: 1 },
      'maxConections is not an option of configure; did you mean maxConnections?',
    ],
    [
      { maxConnections: 5, pingInterval: '5' },
      /^configure: pingInterval is a whole number of milliseconds .*; found "5"\.$/,
    ],
    [{ maxConnections: 5, port: 1 }, /^port is fixed/],
    [null, /^configure takes an object of options/],
  ])('rejects %j and changes nothing', async (options, message) => {
    const server = start();
    for (let count = 0; count < 5; count += 1) await server.connect('/news');
    expect(() => server.container.configure(options as object)).toThrow(message);
    await server.connect('/news');
  });
});

describe('onStart and onStop', () => {
  test('onStart runs before the server listens, and onStop before sessions close', async () => {
    const order: string[] = [];
    let release: () => void = () => undefined;
    const server = new Server({
      host: '127.0.0.1',
      logger,
      endpoints: [endpoint('/work', { onText: (text) => text, onClose: () => void order.push('closed') })],
      onStart: async () => {
        await Promise.resolve();
        order.push('starting');
        expect(() => server.port).toThrow('not listening');
      },
      onStop: () => {
        order.push('stopping');
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    afterTest(() => server.stop({ grace: 1 }));
    await server.start();
    const client = await connectTo(server.port);
    client.send(upgradeRequest('/work'));
    expect((await client.response()).status).toBe(101);
    const stopping = server.stop({ grace: 5000 });
    expect(server.health).toMatchObject({
      state: 'stopping',
      phase: 'draining',
      ready: false,
      live: true,
      sessions: 1,
    });
    client.send(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    expect(await client.text()).toBe('hi');
    expect(order).toEqual(['starting', 'stopping']);
    release();
    await client.frame();
    client.destroy();
    await stopping;
    expect(order).toEqual(['starting', 'stopping', 'closed']);
  });

  test('a start fails with the error of onStart, does not listen, and may be tried again', async () => {
    let attempts = 0;
    const server = new Server({
      logger,
      onStart: () => {
        attempts += 1;
        if (attempts === 1) throw new Error('no database');
      },
    });
    afterTest(() => server.stop({ grace: 1 }));
    await expect(server.start()).rejects.toThrow('no database');
    expect(() => server.port).toThrow('not listening');
    await server.start();
    expect(server.port).toBeGreaterThan(0);
  });

  test('a stop after a failed onStart rejects nothing', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    afterTest(() => void process.off('unhandledRejection', unhandled));
    const server = new Server({
      logger,
      onStart: () => {
        throw new Error('no database');
      },
    });
    await expect(server.start()).rejects.toThrow('no database');
    await server.stop();
    // Node reports a rejection once the microtasks have run.
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('a stop does not wait for an onStart that never settles', async () => {
    const server = new Server({ logger, onStart: () => new Promise(() => undefined) });
    const starting = rejection(server.start());
    await new Promise((resolve) => setImmediate(resolve));
    await server.stop();
    expect((await starting).message).toBe('The server was stopped while onStart was running.');
  });

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no database');
      },
      'error onStop failed: no database',
    ],
    ['rejects', () => Promise.reject(new Error('no database')), 'error onStop failed: no database'],
    [
      'never settles',
      () => new Promise(() => undefined),
      'error onStop failed: onStop has not settled within 20 ms; the stop goes on.',
    ],
  ])('a stop goes on when onStop %s', async (_how, onStop, entry) => {
    const server = start({ onStop });
    const peer = await server.connect('/news');
    await server.container.stop({ grace: 20 });
    expect((await peer.closed()).code).toBe(1001);
    expect(log.entries).toContain(entry);
  });
});

describe('the progress of a stop', () => {
  @ServerEndpoint('/stuck')
  class Stuck {
    @OnMessage never(_text: string): Promise<void> {
      return new Promise(() => undefined);
    }
  }

  test('goes through its phases, as a callback, as events and in the health', async () => {
    const events: unknown[] = [];
    const listener = (event: unknown): void => {
      if ((event as { kind: string }).kind === 'stopping') events.push(event);
    };
    subscribe('serval', listener);
    afterTest(() => unsubscribe('serval', listener));
    const server = start({ endpoints: [Stuck, news] });
    await server.connect('/news');
    const stuck = await server.connect('/stuck');
    stuck.send('work');
    await new Promise((resolve) => setImmediate(resolve));
    const progress: string[] = [];
    const phases: unknown[] = [];
    const onProgress = ({ phase, sessions }: StopProgress): void => {
      progress.push(`${phase} ${sessions}`);
      phases.push(server.container.health.phase);
    };
    await server.container.stop({ drain: 10, grace: 10, onProgress });
    expect(progress).toEqual(['draining 2', 'closing 2', 'forcing 1', expect.stringMatching(/^stopped [01]$/)]);
    expect(phases).toEqual(['draining', 'closing', 'forcing', 'stopped']);
    expect(events).toHaveLength(4);
    expect(server.container.health).toMatchObject({ state: 'stopped', live: false });
  });

  test('a further call that hurries ends the drain and the grace, and gets the progress from then on', async () => {
    const server = start({ endpoints: [Stuck, news] });
    const stuck = await server.connect('/stuck');
    stuck.send('work');
    const first: string[] = [];
    const second: string[] = [];
    const stopping = server.container.stop({
      drain: 60_000,
      grace: 60_000,
      onProgress: ({ phase }) => void first.push(phase),
    });
    await server.container.stop({ grace: 1, onProgress: ({ phase }) => void second.push(phase) });
    await stopping;
    expect(first).toEqual(['draining', 'closing', 'forcing', 'stopped']);
    expect(second).toEqual(['draining', 'closing', 'forcing', 'stopped']);
  });

  test('a further call hurries an onStop that does not settle', async () => {
    const server = start({ onStop: () => new Promise(() => undefined) });
    const stopping = server.container.stop({ grace: 60_000 });
    await server.container.stop({ grace: 1 });
    await stopping;
    expect(log.entries).toContain('error onStop failed: onStop has not settled within 1 ms; the stop goes on.');
  });

  test('a further call without times only waits, and one with longer times lengthens nothing', async () => {
    const server = start();
    const peer = await server.connect('/news');
    let drained: () => void = () => undefined;
    const drains = new Promise<void>((resolve) => (drained = resolve));
    const stopping = server.container.stop({ drain: 100, onProgress: () => drained() });
    await drains;
    const others = [server.container.stop(), server.container.stop({ drain: 60_000, grace: 60_000 })];
    peer.send('hello');
    expect(await peer.receive()).toBe('hello');
    await Promise.all([stopping, ...others]);
  });

  test('during the drain new sessions get 503, and open ones go on', async () => {
    const server = start();
    const peer = await server.connect('/news');
    let draining: () => void = () => undefined;
    const drains = new Promise<void>((resolve) => (draining = resolve));
    const stopping = server.container.stop({ drain: 100, onProgress: () => draining() });
    await drains;
    expect(await rejection(server.connect('/news'))).toMatchObject({ status: 503 });
    peer.send('hello');
    expect(await peer.receive()).toBe('hello');
    expect((await peer.closed()).code).toBe(1001);
    await stopping;
  });

  test.each<[string, () => unknown]>([
    [
      'an error',
      () => {
        throw new Error('no console');
      },
    ],
    ['a rejection', () => Promise.reject(new Error('no console'))],
  ])('%s of onProgress goes to the log, and the stop goes on', async (_what, fail) => {
    const server = start();
    await server.container.stop({ onProgress: fail });
    expect(log.entries).toContain('error onProgress failed: no console');
  });

  test.each([
    [{ drain: -1 }, /^stop: drain is a whole number of milliseconds/],
    [{ onProgress: 5 }, /^stop: onProgress is a function; found 5/],
    [{ drian: 5 }, 'drian is not an option of stop; did you mean drain?'],
  ])('stop rejects %j', async (options, message) => {
    expect((await rejection(start().container.stop(options as object))).message).toMatch(message);
  });
});

describe('reloadTls', () => {
  const fixture = (name: string): string =>
    readFileSync(join(__dirname, `fixtures/localhost.test-${name}.pem`), 'utf8');
  const old = { key: fixture('key'), cert: fixture('cert') };

  /** The subject's key of the certificate that a new connection gets. */
  async function certificateOf(port: number): Promise<string> {
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const made: TLSSocket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(made));
      made.once('error', reject);
    });
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  test.each([{ http2: false }, { http2: true }])(
    'new connections get the new certificate, and open sessions go on: %j',
    async ({ http2 }) => {
      const server = await startServer({ tls: old, http2, endpoints: [news] });
      const before = await certificateOf(server.port);
      const client = await connectTo(server.port, { rejectUnauthorized: false });
      client.send(upgradeRequest('/news'));
      expect((await client.response()).status).toBe(101);
      server.reloadTls(selfSignedCertificate());
      expect(await certificateOf(server.port)).not.toBe(before);
      client.send(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
      expect(await client.text()).toBe('hi');
      server.reloadTls(old);
      expect(await certificateOf(server.port)).toBe(before);
    },
  );

  test.each<[string, object, RegExp]>([
    [
      'a key of another certificate',
      { ...old, key: selfSignedCertificate().key },
      /^Node rejected the options of reloadTls; the old certificate stays: .*mismatch/,
    ],
    ['no PEM', { key: 'key', cert: 'cert' }, /^Node rejected the options of reloadTls; the old certificate stays/],
    [
      'bytes that are not a key store',
      { pfx: Buffer.from('pfx') },
      /^Node rejected the options of reloadTls; the old certificate stays/,
    ],
    ['a certificate alone', { cert: old.cert }, /Pass the key together with its certificate\.$/],
    ['nothing', {}, /^The argument of reloadTls is an object with key and cert, or with pfx/],
  ])('%s is an error, and the old certificate stays', async (_what, tls, message) => {
    const server = await startServer({ tls: old });
    const before = await certificateOf(server.port);
    expect(() => server.reloadTls(tls)).toThrow(message);
    expect(() => server.reloadTls(tls)).toThrow(expect.objectContaining({ code: 'WS_DEPLOY_BAD_OPTION' }));
    expect(await certificateOf(server.port)).toBe(before);
  });

  test('a server of plain HTTP has no certificate to replace', async () => {
    const server = await startServer();
    expect(() => server.reloadTls(old)).toThrow('The server speaks plain HTTP. Create it with the option tls.');
  });
});
