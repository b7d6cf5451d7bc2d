import { createServer } from 'node:http';
import { attach, HandshakeRejection, type ServerContainerOptions } from 'serval';
import SockJS from 'sockjs-client';
import { listen, loggerInto } from '../../../server/test/test-server';
import { afterTest, Inbox, Journal } from '../../../testing/test/toolbox';

// sockjs-client 1.6.1 in Node against endpoints, by each of its transports.

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const;

async function serve(
  options: ServerContainerOptions = {},
): Promise<{ readonly url: string; readonly events: Journal }> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const container = attach(http, { logger: loggerInto(new Journal()), sockJs: true, ...options });
  const events = new Journal();
  container.endpoint('/chat/{room}', {
    onOpen: (session) => events.add(`open ${session.params.room}`),
    onText: (text, session) => (text === 'leave' ? session.close(4001, 'kicked') : `${session.params.room}: ${text}`),
    onClose: ({ code }) => events.add(`close ${code}`),
  });
  const port = await listen(http);
  afterTest(() => container.stop({ grace: 1 }));
  return { url: `http://127.0.0.1:${port}/chat/blue`, events };
}

interface Client {
  readonly socket: WebSocket;
  readonly received: Inbox;
  readonly opened: Promise<string>;
  readonly closed: Promise<string>;
}

function open(url: string, transports: readonly string[], timeout?: number): Client {
  const socket = new SockJS(url, undefined, { transports: [...transports], timeout });
  const received = new Inbox();
  socket.onmessage = ({ data }) => received.add(String(data));
  const opened = new Promise<string>((resolve) => {
    socket.onopen = () => resolve((socket as unknown as { readonly transport: string }).transport);
  });
  const closed = new Promise<string>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve(`${code} ${reason} ${wasClean}`);
  });
  afterTest(() => socket.close());
  return { socket, received, opened, closed };
}

describe.each(TRANSPORTS)('%s', (transport) => {
  test('opens, carries messages in order, and is closed by the server with code and reason', async () => {
    const { url, events } = await serve();
    const { socket, received, opened, closed } = open(url, [transport]);
    expect(await opened).toBe(transport);
    const texts = ['hi', '', 'zwölf ✓ 𝄞', '\u2028\uffff\u200c', '</script>\r\n"\\', '\ud800'];
    for (const text of texts) socket.send(text);
    for (const text of texts) expect(await received.next()).toBe(`blue: ${text}`);
    socket.send('leave');
    expect(await closed).toBe('4001 kicked true');
    await events.until('close 4001');
    expect(events.entries).toEqual(['open blue', 'close 4001']);
  });

  test('the server learns that the client closes', async () => {
    const { url, events } = await serve({ sockJs: { disconnectDelay: 200 } });
    const { socket, opened, closed } = open(url, [transport]);
    await opened;
    socket.close(4002, 'bye');
    expect(await closed).toBe('4002 bye true');
    await events.until(transport === 'websocket' ? 'close 1000' : 'close 1006');
  });

  test('many messages arrive in order, also across several responses', async () => {
    const { url } = await serve({ sockJs: { streamBytesLimit: 4096 } });
    const { socket, received, opened } = open(url, [transport]);
    await opened;
    const texts = Array.from({ length: 500 }, (_, index) => `${index} ${'x'.repeat(100)}`);
    for (const text of texts) socket.send(text);
    for (const text of texts) expect(await received.next()).toBe(`blue: ${text}`);
  });

  test('slow user code does not make the client give up, and a refusal has its code and reason', async () => {
    let refuse: (error: Error) => void = () => undefined;
    let isFirst = true;
    const { url, events } = await serve({
      authenticate: () => {
        if (!isFirst) return null;
        isFirst = false;
        return new Promise((_resolve, reject) => (refuse = reject));
      },
    });
    const { opened, closed } = open(url, [transport]);
    expect(await opened).toBe(transport);
    refuse(new HandshakeRejection(401, { body: 'Who are you?\n' }));
    expect(await closed).toBe('1008 Who are you? true');
    expect(events.entries).toEqual([]);
  });
});

test('a client whose WebSockets are blocked uses the next transport', async () => {
  const { url } = await serve({ sockJs: { webSocketEnabled: false } });
  const { socket, received, opened } = open(url, TRANSPORTS);
  expect(await opened).toBe('xhr-streaming');
  socket.send('hi');
  expect(await received.next()).toBe('blue: hi');
});

test('takes the query of the URL on each request', async () => {
  const { url } = await serve();
  const { socket, received, opened } = open(`${url}?x=1`, ['xhr-polling']);
  await opened;
  socket.send('hi');
  expect(await received.next()).toBe('blue: hi');
});

test('shows heartbeats to a client that listens for them', async () => {
  const { url } = await serve({ sockJs: { heartbeatTime: 50 } });
  for (const transport of TRANSPORTS) {
    const { socket, opened } = open(url, [transport]);
    await opened;
    await new Promise<void>((resolve) => ((socket as unknown as { onheartbeat: () => void }).onheartbeat = resolve));
  }
});
