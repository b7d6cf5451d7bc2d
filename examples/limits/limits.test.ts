import { tracingChannel } from 'node:diagnostics_channel';
import { MESSAGE_CHANNEL } from 'serval';
import { HandshakeRefused, TestServer, type TestServerOptions } from 'serval/testing';
import { TestClient } from '../test-client';
import { patient, prices, start, strict, table } from './server';

const logger = { error: () => undefined, warn: () => undefined, debug: () => undefined };

function serve(options: TestServerOptions = {}): TestServer {
  return new TestServer({ endpoints: [patient, strict, table, prices], logger, ...options });
}

test('limits: six messages at three a second all get their answer', async () => {
  const server = serve();
  const peer = await server.connect('/patient');
  for (let count = 1; count <= 6; count += 1) peer.send(String(count));
  for (let count = 1; count <= 6; count += 1) expect(await peer.receive()).toBe(String(count));
  await server.stop({ grace: 1 });
});

test('limits: the fourth message within a second ends a strict session', async () => {
  const server = serve();
  const peer = await server.connect('/strict');
  for (let count = 1; count <= 4; count += 1) peer.send(String(count));
  expect(await peer.closed()).toEqual({ code: 1008, reason: 'Too many messages.' });
  await server.stop({ grace: 1 });
});

test('limits: the third guest at a table for two gets 503, or 1013 from a polite server', async () => {
  const server = serve();
  await server.connect('/table');
  await server.connect('/table');
  const refused: unknown = await server.connect('/table').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(HandshakeRefused);
  expect(refused).toMatchObject({ status: 503 });
  await server.stop({ grace: 1 });

  const polite = serve({ connectionLimitAction: 'close' });
  await polite.connect('/table');
  await polite.connect('/table');
  expect((await (await polite.connect('/table')).closed()).code).toBe(1013);
  await polite.stop({ grace: 1 });
});

test('limits: a client that reads nothing for a while gets the latest price', async () => {
  const { asyncEnd } = tracingChannel(MESSAGE_CHANNEL);
  const server = serve();
  const peer = await server.connect('/prices');
  const sent = new Promise<void>((resolve) => {
    const listener = (): void => {
      asyncEnd.unsubscribe(listener);
      resolve();
    };
    asyncEnd.subscribe(listener);
  });
  peer.pause();
  peer.send('20');
  await sent;
  peer.resume();
  const numbers: number[] = [];
  while (numbers.at(-1) !== 20) numbers.push(Number.parseInt(String(await peer.receive()), 10));
  // The first one was in flight.
  expect(numbers).toEqual([1, 20]);
  await server.stop({ grace: 1 });
});

test('limits: the server runs both containers', async () => {
  const server = await start(0);
  const [one, other] = [
    await TestClient.open(`ws://127.0.0.1:${server.port}/table`),
    await TestClient.open(`ws://127.0.0.1:${server.port}/polite/table`),
  ];
  expect([await one.next(), await other.next()]).toEqual(['Take a seat.', 'Take a seat.']);
  await server.stop();
});
