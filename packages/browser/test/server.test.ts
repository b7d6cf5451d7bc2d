import { OnMessage, OnOpen, Server, ServerEndpoint, Session } from 'serval';
import { WebSocket as NodeWebSocket } from 'ws';
import { connect, type ConnectOptions, type PageSocket } from '../src';
import { afterTest, silent } from '../../testing/test/toolbox';

// Against a real server, over the WebSocket of Node 22, or of ws where Node has none.

const { WebSocket } = globalThis as { WebSocket?: new (url: string, subprotocols: string[]) => PageSocket };
const socket = (url: string, subprotocols: string[]): PageSocket =>
  WebSocket === undefined ? new NodeWebSocket(url, subprotocols) : new WebSocket(url, subprotocols);

@ServerEndpoint({ value: '/echo', subprotocols: ['v1'] })
class Echo {
  @OnOpen greet(session: Session) {
    return session.getBasicRemote().sendText('hello');
  }
  @OnMessage text(text: string, session: Session) {
    if (text === 'restart') return session.close(1012);
    return text;
  }
  @OnMessage binary(data: Buffer) {
    return data;
  }
}

async function start(port = 0): Promise<Server> {
  const server = await new Server({ host: '127.0.0.1', port, endpoints: [Echo], logger: silent }).start();
  afterTest(() => server.stop({ grace: 50 }));
  return server;
}

async function open<In, Out>(
  { port }: { readonly port: number },
  options: ConnectOptions<In, Out> = {},
  path = 'echo',
) {
  const client = await connect<In, Out>(`ws://127.0.0.1:${port}/${path}`, { socket, ...options });
  afterTest(() => client.close());
  return client;
}

test('reads and sends text and bytes, with a subprotocol', async () => {
  const client = await open(await start(), { subprotocols: ['v2', 'v1'] });
  expect(client.session?.subprotocol).toBe('v1');
  await client.send('text');
  await client.send(new Uint8Array([1, 2, 3]));
  const seen: unknown[] = [];
  for await (const message of client) if (seen.push(message) === 3) break;
  expect(seen).toEqual(['hello', 'text', new Uint8Array([1, 2, 3])]);
  expect((await client.closed).code).toBe(1000);
});

test('reconnects to a server that restarts, and sends the messages that wait', async () => {
  const server = await start();
  const client = await open(server, { reconnect: { delay: ({ defaultDelay }) => defaultDelay && 20 } });
  const loop = client[Symbol.asyncIterator]();
  expect((await loop.next()).value).toBe('hello');
  const { port } = server;
  await server.stop({ grace: 50 });
  while (client.state === 'open') await new Promise((resolve) => setImmediate(resolve));
  const sent = client.send('while away');
  await start(port);
  await sent;
  expect([(await loop.next()).value, (await loop.next()).value]).toEqual(['hello', 'while away']);
});

test('reconnects after 1012', async () => {
  const opened: number[] = [];
  const client = await open(await start(), {
    reconnect: { maxDelay: 100, initialDelay: 100 },
    onOpen: (_session, { attempt }) => void opened.push(attempt),
  });
  const loop = client[Symbol.asyncIterator]();
  await loop.next();
  await client.send('restart');
  expect((await loop.next()).value).toBe('hello');
  expect(opened).toEqual([0, 1]);
});

test('rejects with WS_CONNECT_IO, whether the server refuses or is not there', async () => {
  const server = await start();
  await expect(open(server, {}, 'nothing')).rejects.toMatchObject({ code: 'WS_CONNECT_IO' });
  const { port } = server;
  await server.stop();
  await expect(open({ port })).rejects.toMatchObject({ code: 'WS_CONNECT_IO' });
});
