import 'reflect-metadata';
import { ClientEndpoint, CloseReason, OnClose, OnMessage, OnOpen, Session } from '@serval/api';
import { ClientContainer, connect, type ConnectOptions, type WebSocketClient } from '../src';
import type { Connection } from 'sockjs';
import { afterTest, Gate, Inbox, rejection, silent } from '../../testing/test/toolbox';
import { soon } from './reconnecting';
import { closeWith, echo, SockJsNodeServer } from './sockjs-node-server';

const TRANSPORTS = ['websocket', 'xhr-streaming', 'xhr-polling'] as const;

/** Long enough for a busy machine: the calculated time is a third of a second. */
const PATIENT = { timeout: 20_000 };

async function open(
  { url }: SockJsNodeServer,
  name: (typeof TRANSPORTS)[number],
  options: ConnectOptions = {},
): Promise<WebSocketClient> {
  const client = await connect(url, { logger: silent, sockJs: { transports: [name], ...PATIENT }, ...options });
  afterTest(async () => {
    await client.close();
    await client.closed;
  });
  return client;
}

describe.each(TRANSPORTS)('over %s, against sockjs 0.3.24', (name) => {
  test('exchanges messages with handlers', async () => {
    const server = await SockJsNodeServer.start();
    const received = new Inbox();
    const client = await open(server, name, { onText: (text) => received.add(text) });
    await client.send('hello');
    expect(await received.next()).toBe('hello');
    expect(client.session?.getUserProperties().get('sockJs.transport')).toBe(name);
    expect(client.session?.getRequestURI().href).toBe(server.url);
  });

  test('carries text that must be escaped, unchanged', async () => {
    const server = await SockJsNodeServer.start();
    const client = await open(server, name);
    const texts = [
      '"quotes" and \\backslashes\\, \u0000\u0001\u001f\u007f\r\n\t',
      '\u200c\u200f\u2028\u2029\u202f\u2060\u206f\ufff0\uffff\ufeff',
      'zwei ✓ 𝄞 👩‍👩‍👧‍👦',
      '</script>',
      '',
      'a["o"]\nh\nc[3000,"Go away!"]\n',
    ];
    for (const text of texts) void client.send(text);
    const received: unknown[] = [];
    for await (const text of client) if (received.push(text) === texts.length) break;
    expect(received).toEqual(texts);
  });

  test('carries a message of 1 MB in both directions', async () => {
    const server = await SockJsNodeServer.start();
    const received = new Inbox();
    const client = await open(server, name, { textBufferSize: 4_000_000, onText: (text) => received.add(text) });
    const text = 'ab"ü\u2028'.repeat(150_000);
    await client.send(text);
    expect((await received.next()) === text).toBe(true);
  });

  test('carries 1,000 messages in order in both directions', async () => {
    const server = await SockJsNodeServer.start();
    const received: string[] = [];
    const done = new Gate();
    const client = await open(server, name, {
      onText: (text) => {
        if (received.push(text) === 1000) done.open();
      },
    });
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map((text) => client.send(text)));
    await done.promise;
    expect(received).toEqual(texts);
    // One request for the messages of one turn.
    if (name !== 'websocket') expect(server.requests.filter((one) => one.endsWith('xhr_send')).length).toBeLessThan(20);
  });

  test('reports the code and reason of the close of the server, after its messages', async () => {
    const closing = (connection: Connection): void => {
      connection.write('one');
      connection.write('two');
      closeWith(connection, 4001, 'good bye ✓');
    };
    const server = await SockJsNodeServer.start(closing);
    const texts: string[] = [];
    const client = await open(server, name, { onText: (text) => void texts.push(text) });
    const { code, reason } = await client.closed;
    expect([code, reason, texts]).toEqual([4001, 'good bye ✓', ['one', 'two']]);
  });

  test('tells the server at once that the client closes, behind its messages', async () => {
    const texts: string[] = [];
    const ended = new Gate();
    const server = await SockJsNodeServer.start((connection) => {
      connection.on('data', (text) => void texts.push(text));
      connection.on('close', () => ended.open());
    });
    const client = await open(server, name);
    const opened = performance.now();
    void client.send('last words');
    await client.close(4002, 'done');
    const { code } = await client.closed;
    await ended.promise;
    // The disconnect delay is 5 seconds.
    expect(performance.now() - opened).toBeLessThan(4500);
    expect([code, texts]).toEqual([4002, ['last words']]);
  });

  test('tells the server at once, too, when it leaves a loop', async () => {
    const ended = new Gate();
    const server = await SockJsNodeServer.start((connection) => {
      connection.write('one');
      connection.on('close', () => ended.open());
    });
    const client = await open(server, name);
    const opened = performance.now();
    for await (const text of client) if (text === 'one') break;
    await ended.promise;
    expect(performance.now() - opened).toBeLessThan(4500);
  });

  test('connects again after the server restarts', async () => {
    const server = await SockJsNodeServer.start();
    const received = new Inbox();
    const ends = new Inbox<number>();
    const client = await open(server, name, {
      reconnect: soon,
      onText: (text) => received.add(text),
      onClose: ({ code }) => ends.add(code),
    });
    await client.send('before');
    expect(await received.next()).toBe('before');
    await server.stop();
    expect(await ends.next()).toBe(1006);
    await SockJsNodeServer.start(echo, { port: server.port });
    await client.send('after');
    expect(await received.next()).toBe('after');
  });

  test('stays open in silence, by the heartbeats of the server', async () => {
    const late = (connection: Connection): void => void setTimeout(() => connection.write('late'), 800);
    const server = await SockJsNodeServer.start(late, { heartbeat_delay: 50 });
    const received = new Inbox();
    await open(server, name, {
      sockJs: { transports: [name], ...PATIENT, heartbeatTimeout: 300 },
      reconnect: soon,
      onText: (text) => received.add(text),
    });
    expect([await received.next(), server.connections.all.length]).toEqual(['late', 1]);
  });

  test('takes no more messages than the loop needs', async () => {
    const server = await SockJsNodeServer.start();
    const client = await open(server, name);
    const connection = await server.connections.next();
    const payload = 'x'.repeat(10_000);
    for (let index = 0; index < 300; index++) connection.write(`${index} ${payload}`);
    let next = 0;
    for await (const text of client) {
      expect(String(text).split(' ')[0]).toBe(String(next));
      next += 1;
      if (next === 300) break;
    }
  });
});

describe('a client of SockJS', () => {
  test('an endpoint class connects with connectToServer', async () => {
    const server = await SockJsNodeServer.start();
    const received = new Inbox();
    const closed = new Inbox<number>();

    @ClientEndpoint()
    class Echo {
      @OnOpen onOpen(session: Session): void {
        void session.send('hello');
      }
      @OnMessage onText(text: string): string | undefined {
        received.add(text);
        return text === 'hello' ? 'and again' : undefined;
      }
      @OnClose onClose(_session: Session, { code }: CloseReason): void {
        closed.add(code);
      }
    }
    const container = new ClientContainer({ sockJs: { ...PATIENT, transports: ['xhr-streaming'] } });
    const session = await container.connectToServer(Echo, server.url);
    expect(await received.next()).toBe('hello');
    expect(await received.next()).toBe('and again');
    await session.close();
    expect(await closed.next()).toBe(1000);
    await container.stop();
  });

  test('prefers the WebSocket, and asks for the info before', async () => {
    const server = await SockJsNodeServer.start();
    const client = await connect(`${server.url}/?room=1`, { sockJs: PATIENT });
    await client.close();
    await client.closed;
    expect(server.requests).toEqual(['GET /echo/info?room=1', 'GET /echo/…/websocket?room=1']);
  });

  test('uses streaming where the server has no WebSocket', async () => {
    const server = await SockJsNodeServer.start(echo, { websocket: false });
    const client = await connect(server.url, { sockJs: PATIENT });
    await client.send('hello');
    for await (const text of client) if (text === 'hello') break;
    await client.closed;
    expect(server.requests.slice(0, 3)).toEqual([
      'GET /echo/info',
      'POST /echo/…/xhr_streaming',
      'POST /echo/…/xhr_send',
    ]);
    const error = await rejection(connect(server.url, { sockJs: { transports: ['websocket'] } }));
    expect([error.code, error.message]).toEqual([
      'WS_CONNECT_REFUSED',
      `${server.url} has no WebSocket, by its info. Add xhr-streaming or xhr-polling to sockJs.transports.`,
    ]);
  });

  test('sends the headers and the cookies of the server with each request', async () => {
    const server = await SockJsNodeServer.start(echo, { websocket: false, jsessionid: true });
    const client = await connect(server.url, { sockJs: PATIENT, headers: { 'X-Token': 'secret', Cookie: 'mine=1' } });
    await client.send('hello');
    for await (const text of client) if (text === 'hello') break;
    await client.closed;
    expect(server.headers.map((headers) => headers['x-token'])).toEqual(['secret', 'secret', 'secret']);
    expect(server.headers.at(-1)?.cookie).toBe('mine=1; JSESSIONID=dummy');
  });

  test('asks for another stream when the server ends one, and loses nothing', async () => {
    const server = await SockJsNodeServer.start(echo, { response_limit: 4096 });
    const received: string[] = [];
    const done = new Gate();
    const client = await open(server, 'xhr-streaming', {
      onText: (text) => {
        if (received.push(text) === 100) done.open();
      },
    });
    const texts = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
    for (const text of texts) await client.send(text);
    await done.promise;
    expect(received).toEqual(texts);
    expect(server.requests.filter((one) => one.endsWith('xhr_streaming')).length).toBeGreaterThan(2);
  });

  test('answers an automatic ping over HTTP', async () => {
    const server = await SockJsNodeServer.start();
    const pongs = new Inbox();
    const client = await open(server, 'xhr-polling', {
      onPong: (pong) => pongs.add(pong.getApplicationData().toString()),
    });
    client.session?.getBasicRemote().sendPing(Buffer.from('there?'));
    expect(await pongs.next()).toBe('there?');
  });

  test('rejects a binary message', async () => {
    const server = await SockJsNodeServer.start();
    const client = await open(server, 'xhr-streaming');
    const { name, message } = await rejection(client.send(Buffer.from('bytes')));
    expect([name, message]).toEqual(['IllegalStateException', expect.stringMatching(/carries only text/)]);
  });
});
