import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { io, type Socket } from 'socket.io-client';
import { TestClient } from '../../test-client';
import { start as startFastifyWebSocket } from './fastify-websocket';
import { start as startServal } from './server';
import { start as startSocketIo } from './socket-io';
import { tokenFor } from './tokens';

// The same conversation with all three servers, so that their lines can be compared.

interface Snapshot {
  readonly number: number;
}

/** How a client sends its token. */
type Place = 'header' | 'query' | 'subprotocol';

interface Watcher {
  next(): Promise<Snapshot>;
  leave(): void;
  pause(): void;
  resume(): void;
}

interface Upload {
  send(part: Buffer): Promise<void>;
  end(): Promise<unknown>;
}

interface Library {
  readonly name: string;
  readonly start: typeof startServal;
  /** Rejects when the server refuses. */
  watch(port: number, token: string, place?: Place): Promise<Watcher>;
  upload(port: number, token: string, name: string): Promise<Upload>;
}

/** Ends the clients that a test left open. */
const leaving: (() => void)[] = [];

/** The clients of Serval and of @fastify/websocket differ only in the parts of an upload. */
const plain = (name: string, start: typeof startServal, isOneMessage: boolean): Library => ({
  name,
  start,
  async watch(port, token, place = 'header') {
    const url = `ws://127.0.0.1:${port}/dashboard`;
    const client = await {
      header: () => TestClient.open(url, [], { headers: { authorization: `Bearer ${token}` } }),
      query: () => TestClient.open(`${url}?token=${token}`),
      subprotocol: () => TestClient.open(url, ['dashboard', `bearer.${token}`]),
    }[place]();
    leaving.push(() => client.socket.terminate());
    if (place === 'subprotocol') expect(client.socket.protocol).toBe('dashboard');
    return {
      next: async () => (await client.nextJson()) as Snapshot,
      leave: () => client.socket.close(1000),
      pause: () => client.socket.pause(),
      resume: () => client.socket.resume(),
    };
  },
  async upload(port, token, file) {
    const client = await TestClient.open(`ws://127.0.0.1:${port}/uploads/${file}?token=${token}`);
    leaving.push(() => client.socket.terminate());
    return {
      send: (part) => new Promise((resolve) => client.socket.send(part, { fin: !isOneMessage }, () => resolve())),
      end: () => {
        if (isOneMessage) client.socket.send(Buffer.alloc(0), { fin: true });
        else client.socket.send('end');
        return client.nextJson();
      },
    };
  },
});

const socketIo: Library = {
  name: 'Socket.IO',
  start: startSocketIo,
  async watch(port, token, place = 'header') {
    const socket = await open(
      port,
      {
        header: { extraHeaders: { authorization: `Bearer ${token}` } },
        query: { query: { token } },
        // Its own place for a token, beside the handshake.
        subprotocol: { auth: { token } },
      }[place],
    );
    const arrived: Snapshot[] = [];
    let wake = (): void => undefined;
    socket.on('snapshot', (snapshot: Snapshot) => {
      arrived.push(snapshot);
      wake();
    });
    // The socket of ws below.
    const { ws } = socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } };
    return {
      async next() {
        for (;;) {
          const snapshot = arrived.shift();
          if (snapshot !== undefined) return snapshot;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      leave: () => void socket.disconnect(),
      pause: () => ws.pause(),
      resume: () => ws.resume(),
    };
  },
  async upload(port, token, upload) {
    const socket = await open(port, { auth: { token }, query: { upload } });
    return {
      send: async (part) => void (await socket.emitWithAck('chunk', part)),
      end: () => socket.emitWithAck('end'),
    };
  },
};

async function open(port: number, options: object): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...options,
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('connect', resolve);
    socket.on('connect_error', (error) => reject(socket.disconnect() && error));
  });
  leaving.push(() => void socket.disconnect());
  return socket;
}

const LIBRARIES = [
  plain('Serval', startServal, true),
  plain('@fastify/websocket', startFastifyWebSocket, false),
  socketIo,
];

describe.each(LIBRARIES)('the dashboard of $name', ({ start, watch, upload }) => {
  let server: Awaited<ReturnType<typeof start>>;
  let folder: string;
  let ballast: string;

  beforeEach(async () => {
    // Serval warns of each refusal.
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    folder = mkdtempSync(join(tmpdir(), 'serval-uploads-'));
    ballast = '';
    let number = 0;
    server = await start(0, { folder, periodMs: 10, snapshot: () => ({ number: ++number, ballast }) });
  });
  afterEach(async () => {
    for (const leave of leaving.splice(0)) leave();
    await server.stop();
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  test.each<Place>(['header', 'query', 'subprotocol'])(
    'sends snapshots to the bearer of a token: %s',
    async (place) => {
      const ann = await watch(server.port, await tokenFor('ann'), place);
      const { number } = await ann.next();
      expect((await ann.next()).number).toBeGreaterThan(number);
    },
  );

  test('refuses a token that another key signed', async () => {
    const key = new TextEncoder().encode('a secret of somebody else, who wants to come in');
    const token = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(key);
    await expect(watch(server.port, token)).rejects.toThrow();
    await expect(watch(server.port, '')).rejects.toThrow();
  });

  test('accepts three connections of a user, and a fourth when one has left', async () => {
    const [ann, bob] = [await tokenFor('ann'), await tokenFor('bob')];
    const [first] = [await watch(server.port, ann), await watch(server.port, ann), await watch(server.port, ann)];
    await expect(watch(server.port, ann)).rejects.toThrow();
    await watch(server.port, bob);
    first.leave();
    for (let tries = 0; ; tries++) {
      try {
        await watch(server.port, ann);
        break;
      } catch (error) {
        // The server hears of the end a moment later.
        if (tries === 1000) throw error;
        await wait(10);
      }
    }
  });

  test('writes an upload to the disk while it arrives', async () => {
    const parts = Array.from({ length: 20 }, () => randomBytes(100_000));
    const file = join(folder, 'report.bin');
    const { send, end } = await upload(server.port, await tokenFor('ann'), 'report.bin');
    for (const part of parts.slice(0, 10)) await send(part);
    while (!existsSync(file) || statSync(file).size < 500_000) await wait(5);
    for (const part of parts.slice(10)) await send(part);
    expect(await end()).toEqual({ stored: 2_000_000 });
    expect(readFileSync(file).equals(Buffer.concat(parts))).toBe(true);
  });

  test('leaves out snapshots for a watcher that reads nothing', async () => {
    const [slow, fast] = [
      await watch(server.port, await tokenFor('ann')),
      await watch(server.port, await tokenFor('bob')),
    ];
    slow.pause();
    ballast = 'x'.repeat(500_000);
    let { number: newest } = await fast.next();
    const end = newest + 100;
    while (newest < end) newest = (await fast.next()).number;
    ballast = '';
    slow.resume();
    let received = 0;
    for (let number = 0; number < end; received++) ({ number } = await slow.next());
    expect(received).toBeLessThan(60);
  });
});
