import 'reflect-metadata';
import {
  CloseReason,
  OnClose,
  OnMessage,
  OnOpen,
  PathParam,
  ServerEndpoint,
  Session,
  type Principal,
} from '@serval/api';
import { Server, type ServerOptions } from '@serval/server';
import { connect, type HandlerConnectOptions, type WebSocketClient } from '../src';
import { afterTest, Gate, Inbox, silent } from '../../testing/test/toolbox';
import { soon } from './reconnecting';

const PATIENT = { timeout: 20_000 };
const TRANSPORTS = ['websocket', 'xhr-streaming', 'xhr-polling'] as const;

/** The reasons that `@OnClose` received. */
let ends = new Inbox<string>();
beforeEach(() => (ends = new Inbox()));

@ServerEndpoint({ value: '/chat/{room}', sockJs: true })
class Chat {
  @OnOpen async onOpen(session: Session, @PathParam('room') room: string): Promise<void> {
    const { user } = session as { user: Principal | null };
    await session.send(`hello ${user?.getName() ?? 'nobody'} in ${room}`);
  }

  @OnMessage({ maxMessageSize: 4_000_000 })
  async onText(text: string, session: Session): Promise<string | undefined> {
    if (text !== 'kick') return text;
    await session.send('good bye');
    await session.close(4001, 'kicked ✓');
    return undefined;
  }

  @OnClose onClose(reason: CloseReason): void {
    ends.add(reason.toString());
  }
}

async function start(options: ServerOptions = {}): Promise<Server> {
  const server = new Server({ host: '127.0.0.1', endpoints: [Chat], logger: silent, ...options });
  await server.start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

async function open(
  { port }: { readonly port: number },
  name: (typeof TRANSPORTS)[number],
  options: HandlerConnectOptions = {},
): Promise<WebSocketClient> {
  const url = `http://127.0.0.1:${port}/chat/tea`;
  const client = await connect(url, { logger: silent, sockJs: { transports: [name], ...PATIENT }, ...options });
  afterTest(async () => {
    await client.close();
    await client.closed;
  });
  return client;
}

describe.each(TRANSPORTS)('over %s, with an endpoint of Serval', (name) => {
  test('exchanges messages, also large ones and those that must be escaped', async () => {
    const received = new Inbox();
    const client = await open(await start(), name, { textBufferSize: 4_000_000, onText: (text) => received.add(text) });
    expect(await received.next()).toBe('hello nobody in tea');
    const texts = ['', '"\\ \u0000\u2028\uffff 𝄞 </script>', 'x'.repeat(1_000_000), 'last'];
    for (const text of texts) void client.send(text);
    for (const text of texts) expect((await received.next()) === text).toBe(true);
  });

  test('carries 1,000 messages in order', async () => {
    const received: string[] = [];
    const done = new Gate();
    const client = await open(await start(), name, {
      onText: (text) => {
        if (received.push(text) === 1001) done.open();
      },
    });
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map((text) => client.send(text)));
    await done.promise;
    expect(received.slice(1)).toEqual(texts);
  });

  test('closes from either side', async () => {
    // Over polling the end of a request may be that of a network.
    const server = await start({ sockJs: { disconnectDelay: 1000 } });
    const texts: string[] = [];
    const client = await open(server, name, { onText: (text) => void texts.push(text) });
    await client.send('kick');
    const { code, reason } = await client.closed;
    expect([code, reason, texts]).toEqual([4001, 'kicked ✓', ['hello nobody in tea', 'good bye']]);
    expect(await ends.next()).toBe('CloseReason[4001,kicked ✓]');
    const other = await open(server, name);
    await other.close(4002, 'bye');
    expect((await other.closed).code).toBe(4002);
    // Over HTTP a client cannot send a code.
    expect(await ends.next()).toMatch(name === 'websocket' ? /4002,bye/ : /CloseReason\[1/);
  });

  test('sends the credentials with each request', async () => {
    const authenticate = (request: { getHeaders(): { get(name: string): readonly string[] | undefined } }) => {
      const [token] = request.getHeaders().get('Authorization') ?? [];
      return token === 'Bearer ann' ? { getName: () => 'ann' } : null;
    };
    const server = await start({ authenticate });
    const received = new Inbox();
    const client = await open(server, name, {
      headers: { Authorization: 'Bearer ann' },
      onText: (text) => received.add(text),
    });
    await client.send('again');
    expect([await received.next(), await received.next()]).toEqual(['hello ann in tea', 'again']);
  });

  test('connects again after the server restarts', async () => {
    const server = await start();
    const { port } = server;
    const received = new Inbox();
    const reasons = new Inbox<number>();
    const client = await open(server, name, {
      reconnect: soon,
      onText: (text) => received.add(text),
      onClose: ({ code }) => reasons.add(code),
    });
    await received.next();
    await server.stop({ grace: 50 });
    expect(await reasons.next()).toBe(1001);
    await start({ port });
    await client.send('after');
    expect([await received.next(), await received.next()]).toEqual(['hello nobody in tea', 'after']);
  });
});

test('falls back where a network has no WebSocket', async () => {
  const server = await start({ sockJs: { webSocketEnabled: false } });
  const client = await connect(`http://127.0.0.1:${server.port}/chat/tea`, { sockJs: PATIENT });
  expect(client.session?.getUserProperties().get('sockJs.transport')).toBe('xhr-streaming');
  await client.close();
  await client.closed;
});
