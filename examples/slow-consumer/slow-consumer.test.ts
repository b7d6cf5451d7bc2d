import { TestServer, type Peer } from 'serval/testing';
import { boundsOf, Prices, start, ticker } from './server';
import { TestClient } from '../test-client';

const TICKS = 200;

/** A server without a network, one client that reads and one that does not, and a day's ticks. */
async function trade(queueOverflow: 'close' | 'drop-oldest'): Promise<{ server: TestServer; fast: Peer; slow: Peer }> {
  const server = new TestServer({ endpoints: [Prices], ...boundsOf(queueOverflow) });
  const fast = await server.connect('/prices');
  const slow = await server.connect('/prices');
  slow.pause();
  for (let count = 1; count <= TICKS; count += 1) {
    ticker.publish();
    await fast.received.until(count);
  }
  return { server, fast, slow };
}

/** The numbers of the ticks that a client received. */
function ticksOf({ received }: Peer): number[] {
  return received.events.flatMap((event) =>
    event.kind === 'text' ? [(JSON.parse(event.text) as { tick: number }).tick] : [],
  );
}

test('slow-consumer, drop-oldest: the slow client misses ticks and receives the latest; the fast one receives all', async () => {
  const before = ticker.state.dropped;
  const { server, fast, slow } = await trade('drop-oldest');
  const { ticks, dropped } = ticker.state;
  // One was in flight, five waited.
  expect(dropped - before).toBe(TICKS - 6);
  slow.resume();
  await slow.received.until(6);
  expect(ticksOf(slow)).toEqual([ticks - TICKS + 1, ticks - 4, ticks - 3, ticks - 2, ticks - 1, ticks]);
  expect(ticksOf(fast)).toHaveLength(TICKS);
  await server.stop();
});

test('slow-consumer, close: the session of the slow client ends, the fast one continues', async () => {
  const { server, fast, slow } = await trade('close');
  slow.resume();
  await slow.closed();
  expect(ticker.state.listeners).toBe(1);
  expect(ticksOf(fast)).toHaveLength(TICKS);
  expect(server.sessions.size).toBe(1);
  await server.stop();
});

test('slow-consumer publishes by itself, and stops', async () => {
  const server = await start(0);
  const client = await TestClient.open(`ws://127.0.0.1:${server.port}/prices`);
  expect(await client.nextJson()).toMatchObject({ tick: expect.any(Number) as number });
  await server.stop();
  expect(await client.closed).toMatch(/^1001/);
  expect(ticker.state.listeners).toBe(0);
});
