import { IllegalArgumentException, OnMessage, OnOpen, ServerEndpoint, Session, type EndpointLimits } from '@serval/api';
import { TestServer, type Peer } from '@serval/testing';
import { afterTest, Inbox, silent } from '../../testing/test/toolbox';

let opened: Inbox<Session>;
beforeEach(() => (opened = new Inbox()));

const LARGE = '#'.repeat(40_000);

function limited(limits: EndpointLimits) {
  @ServerEndpoint({ value: '/prices', limits })
  class Prices {
    @OnOpen open(session: Session): void {
      opened.add(session);
    }
    @OnMessage echo(text: string): string {
      return text;
    }
  }
  return Prices;
}

@ServerEndpoint('/other')
class Other extends limited({}) {}

async function start(limits: EndpointLimits, path = '/prices') {
  const options = { maxQueuedMessages: 3, queueOverflow: 'drop-newest', textBufferSize: 50_000 } as const;
  const server = new TestServer({ endpoints: [limited(limits), Other], logger: silent, ...options });
  afterTest(() => server.container.stop({ grace: 1 }));
  const peer = await server.connect(path);
  const session = await opened.next();
  return { server, peer, session };
}

/** Sends 1 to 5 to a peer that reads nothing, behind two large messages. @returns what arrives once it reads */
async function afterFive(peer: Peer, session: Session): Promise<string[]> {
  peer.pause();
  session.send(LARGE);
  session.send(LARGE);
  for (let count = 1; count <= 5; count += 1) session.send(String(count));
  peer.resume();
  await peer.receive();
  await peer.receive();
  peer.send('end');
  const messages: string[] = [];
  for (let message = await peer.receive(); message !== 'end'; message = await peer.receive())
    messages.push(String(message));
  return messages;
}

test('a session has the queue limits of the container', async () => {
  const { peer, session } = await start({ maxQueuedMessages: 1 }, '/other');
  expect(await afterFive(peer, session)).toEqual(['1', '2', '3']);
});

test("a session has the queue limits of its endpoint, and the container's others", async () => {
  const { peer, session } = await start({ maxQueuedMessages: 2 });
  expect(await afterFive(peer, session)).toEqual(['1', '2']);
});

test('user properties change the queue limits of a session at run time, before those of its endpoint', async () => {
  const { peer, session } = await start({ maxQueuedMessages: 2 });
  const properties = session.getUserProperties();
  properties.set('serval.queueOverflow', 'drop-oldest').set('serval.maxQueuedMessages', 1);
  expect(await afterFive(peer, session)).toEqual(['5']);
  properties.delete('serval.queueOverflow');
  properties.delete('serval.maxQueuedMessages');
  expect(await afterFive(peer, session)).toEqual(['1', '2']);
});

test('a user property that is no queue limit is refused, and the old one stays', async () => {
  const { session } = await start({});
  const properties = session.getUserProperties();
  expect(() => properties.set('serval.queueOverflow', 'drop')).toThrow(IllegalArgumentException);
  expect(() => properties.set('serval.maxQueuedBytes', 0)).toThrow(
    'user property serval.maxQueuedBytes is a whole number of bytes from 1 to 2147483647; found 0.',
  );
  expect(properties.size).toBe(0);
});

test('an endpoint has its own sizes and idle timeout, which a session may change', async () => {
  const { peer, session } = await start({ textBufferSize: 5, binaryBufferSize: 6, maxSessionIdleTimeout: 60_000 });
  expect([
    session.getMaxTextMessageBufferSize(),
    session.getMaxBinaryMessageBufferSize(),
    session.getMaxIdleTimeout(),
  ]).toEqual([5, 6, 60_000]);
  session.setMaxTextMessageBufferSize(6);
  peer.send('123456');
  expect(await peer.receive()).toBe('123456');
  peer.send('1234567');
  expect((await peer.closed()).code).toBe(1009);
});
