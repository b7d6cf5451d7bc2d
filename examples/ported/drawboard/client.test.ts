import { TestServer, type Peer } from 'serval/testing';
import { Endpoint, ServerEndpointConfig, type Session } from 'serval';
import { Client } from './client';

/** More than a connection accepts at once: later data waits. */
const LARGE = Buffer.alloc(200_000);

let server: TestServer;
afterEach(() => server.stop());

/** A client whose peer doesn't read, after it sent {@link LARGE}. */
async function connect(): Promise<{ peer: Peer; client: Client }> {
  const clients: Client[] = [];
  class Sender extends Endpoint {
    override onOpen(session: Session): void {
      clients.push(new Client(session));
    }
  }
  server = new TestServer({ endpoints: [ServerEndpointConfig.Builder.create(Sender, '/sender').build()] });
  const peer = await server.connect('/sender');
  peer.pause();
  const [client] = clients as [Client];
  client.send(LARGE);
  return { peer, client };
}

function briefly(message: string | Buffer): string {
  return typeof message === 'string' ? message : `${message.length} bytes`;
}

test('drawboard joins the texts that wait for one client', async () => {
  const { peer, client } = await connect();
  for (const message of ['a', 'b', Buffer.from('picture'), 'c', 'd', 'e']) client.send(message);
  peer.resume();
  const received: string[] = [];
  while (received.length < 4) received.push(briefly(await peer.receive()));
  expect(received).toEqual(['200000 bytes', 'a;b', '7 bytes', 'c;d;e']);
});

test('drawboard closes after the waiting messages, and sends nothing more', async () => {
  const { peer, client } = await connect();
  client.send('full');
  client.close();
  client.send('more');
  peer.resume();
  expect([briefly(await peer.receive()), await peer.receive()]).toEqual(['200000 bytes', 'full']);
  expect(await peer.closed()).toEqual({ code: 1000, reason: '' });
});

test.each([
  // A character has two bytes, as in Java.
  ['1,000,000 bytes of text', ['x'.repeat(499_999), 'y'.repeat(100_000), 'z']],
  ['1,000,000 bytes of pictures', [Buffer.alloc(999_999), Buffer.alloc(2), 'z']],
  ['1000 messages', [...Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? 'x' : Buffer.alloc(1))), 'z']],
])('drawboard lets %s wait for one client, and closes for more', async (_title, messages) => {
  const { peer, client } = await connect();
  for (const message of messages.slice(0, -1)) client.send(message);
  expect(server.sessions.size).toBe(1);
  client.send(messages.at(-1) ?? '');
  peer.resume();
  expect(await peer.closed()).toEqual({ code: 1008, reason: 'Send Buffer exceeded' });
  expect(peer.received.events.filter(({ kind }) => kind === 'text' || kind === 'binary')).toHaveLength(1);
});
