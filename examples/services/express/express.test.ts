import { Writable } from 'node:stream';
import { pino } from 'pino';
import { io } from 'socket.io-client';
import { TestClient } from '../../test-client';
import { start as startServal } from './server';
import { start as startSocketIo } from './socket-io';

// The same conversation with both servers: each must do all of it, so that their lines can be compared.

interface Message {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** One person in one room, on the client of either library. */
interface Person {
  send(message: Message): void;
  /** The next message of this type; it skips others. */
  hear(type: string): Promise<Message>;
  leave(): void;
  readonly closed: Promise<unknown>;
}

interface Library {
  readonly name: string;
  readonly start: typeof startServal;
  /** Rejects when the server refuses. */
  enter(port: number, room: string, cookie: string): Promise<Person>;
  /** The samples of /metrics with the sessions and with the received messages. */
  readonly samples: readonly [sessions: RegExp, received: RegExp];
}

const serval: Library = {
  name: 'Serval',
  start: startServal,
  async enter(port, room, cookie) {
    const client = await TestClient.open(`ws://127.0.0.1:${port}/chat/${room}`, [], { headers: { cookie } });
    return {
      send: (message) => client.send(JSON.stringify(message)),
      async hear(type) {
        for (;;) {
          const message = (await client.nextJson()) as Message;
          if (message.type === type) return message;
        }
      },
      leave: () => client.socket.close(1000),
      closed: client.closed,
    };
  },
  samples: [/^serval_sessions\{.*\} 1$/m, /^serval_messages_total\{.*direction="received".*\} 1$/m],
};

const socketIo: Library = {
  name: 'Socket.IO',
  start: startSocketIo,
  async enter(port, room, cookie) {
    const transports = ['websocket'];
    const socket = io(`http://127.0.0.1:${port}`, {
      transports,
      extraHeaders: { cookie },
      query: { room },
      forceNew: true,
      reconnection: false,
    });
    const arrived: Message[] = [];
    let wake = (): void => undefined;
    socket.onAny((type: string, message: object) => {
      arrived.push({ ...message, type });
      wake();
    });
    await new Promise<void>((resolve, reject) => {
      socket.on('connect', resolve);
      socket.on('connect_error', (error) => reject(socket.disconnect() && error));
    });
    return {
      send: ({ type, ...message }) => void socket.emit(type, message),
      async hear(type) {
        for (;;) {
          const message = arrived.shift();
          if (message?.type === type) return message;
          if (message === undefined) await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      leave: () => void socket.disconnect(),
      closed: new Promise((resolve) => socket.on('disconnect', resolve)),
    };
  },
  samples: [/^sessions 1$/m, /^messages_total\{direction="received"\} 1$/m],
};

describe.each([serval, socketIo])('the chat of $name', ({ start, enter, samples }) => {
  let server: Awaited<ReturnType<typeof start>>;
  let http: string;
  let logged: string;

  beforeEach(async () => {
    logged = '';
    const log = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString();
        done();
      },
    });
    server = await start(0, pino(log));
    http = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.stop());

  const post = (path: string, body: object, cookie = ''): Promise<Response> =>
    fetch(`${http}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });

  async function login(username: string, password = 'tea'): Promise<string> {
    const response = await post('/login', { username, password });
    return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  }

  const visit = async (user: string, room = 'tea'): Promise<Person> => enter(server.port, room, await login(user));

  test('refuses a stranger, and logs it', async () => {
    await expect(enter(server.port, 'tea', '')).rejects.toThrow();
    await expect(enter(server.port, 'tea', await login('ann', 'coffee'))).rejects.toThrow();
    expect(logged).toContain('"level":40');
  });

  test('tells a room who is in it, once for each user', async () => {
    const ann = await visit('ann');
    expect(await ann.hear('present')).toEqual({ type: 'present', users: ['ann'] });
    const bob = await visit('bob');
    expect(await ann.hear('present')).toEqual({ type: 'present', users: ['ann', 'bob'] });
    const second = await visit('bob');
    expect(await ann.hear('present')).toEqual({ type: 'present', users: ['ann', 'bob'] });
    bob.leave();
    expect(await ann.hear('present')).toEqual({ type: 'present', users: ['ann', 'bob'] });
    second.leave();
    expect(await ann.hear('present')).toEqual({ type: 'present', users: ['ann'] });
  });

  test('sends a message to everyone in the room, and a whisper to every session of one user', async () => {
    const [ann, bob, alsoBob, carol] = [
      await visit('ann'),
      await visit('bob'),
      await visit('bob', 'cake'),
      await visit('carol', 'cake'),
    ];
    ann.send({ type: 'say', text: 'hello' });
    for (const person of [ann, bob])
      expect(await person.hear('said')).toEqual({ type: 'said', from: 'ann', text: 'hello' });
    ann.send({ type: 'whisper', to: 'bob', text: 'psst' });
    for (const person of [bob, alsoBob])
      expect(await person.hear('whispered')).toEqual({ type: 'whispered', from: 'ann', text: 'psst' });
    // Her own message is the first that she hears of the type.
    carol.send({ type: 'say', text: 'cake' });
    expect(await carol.hear('said')).toMatchObject({ from: 'carol' });
  });

  test('answers a message that does not match the schema', async () => {
    const ann = await visit('ann');
    ann.send({ type: 'say', text: '' });
    expect(await ann.hear('error')).toMatchObject({ code: 'invalid' });
    ann.send({ type: 'say', text: 'a' });
    expect(await ann.hear('said')).toMatchObject({ text: 'a' });
  });

  test('leaves out messages of a user beyond twenty a second', async () => {
    const ann = await visit('ann');
    for (let number = 0; number < 30; number++) ann.send({ type: 'say', text: String(number) });
    for (let number = 0; number < 20; number++) expect(await ann.hear('said')).toMatchObject({ text: String(number) });
    await post('/rooms/tea/notice', { text: 'over' });
    // The notice overtakes no message, so the other ten are not on the way.
    expect(await ann.hear('notice')).toEqual({ type: 'notice', text: 'over' });
  });

  test('ends the sessions of a login at its logout', async () => {
    const cookie = await login('ann');
    const ann = await enter(server.port, 'tea', cookie);
    const other = await visit('ann');
    await post('/logout', {}, cookie);
    await ann.closed;
    other.send({ type: 'say', text: 'still here' });
    expect(await other.hear('said')).toMatchObject({ text: 'still here' });
  });

  test('is ready, counts its sessions and messages', async () => {
    const ann = await visit('ann');
    ann.send({ type: 'say', text: 'hello' });
    await ann.hear('said');
    const health = await fetch(`${http}/readyz`);
    expect([health.status, await health.json()]).toMatchObject([200, { state: 'started', sessions: 1 }]);
    const metrics = await (await fetch(`${http}/metrics`)).text();
    for (const sample of samples) expect(metrics).toMatch(sample);
  });
});
