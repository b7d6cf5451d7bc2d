import { TestClient } from '../test-client';
import { start } from './server';
import type { Snapshot } from './snapshot';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  server = await start(0);
});
afterEach(async () => {
  await server.stop();
  jest.restoreAllMocks();
});

const connect = (path: string): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${server.port}${path}`);

/** The first snapshot for which the function returns true. */
async function snapshotWith(live: TestClient, isWanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  for (;;) {
    const snapshot = (await live.nextJson()) as Snapshot;
    if (isWanted(snapshot)) return snapshot;
  }
}

test('observability: the page receives what happens in the kitchen', async () => {
  const live = await connect('/live');
  const table = await connect('/kitchen/7');
  table.send('tea');
  expect(await table.next()).toBe('tea for table 7');
  table.send('unicorn');
  expect(await table.next()).toBe('Sorry: There is no unicorn on the menu.');
  await expect(connect('/Kitchen/7')).rejects.toThrow('404');
  const letter = await connect('/kitchen/8');
  letter.send('x'.repeat(2000));
  expect(await letter.closed).toMatch(/^1009/);
  const snapshot = await snapshotWith(live, ({ closes }) => closes['1009'] !== undefined);
  expect(snapshot).toMatchObject({
    sessions: 1,
    receivedTotal: 2,
    sentTotal: 2,
    errorsTotal: 1,
    closes: { 1009: 1 },
    refusals: { path: 1 },
    limits: { maxMessageSize: 1 },
  });
  expect(snapshot.handlers.at(-1)).toEqual(['Infinity', 2]);
});

test('observability serves the metrics to Prometheus, and answers probes', async () => {
  const at = `http://127.0.0.1:${server.port}`;
  await connect('/kitchen/1');
  const metrics = await fetch(`${at}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('text/plain');
  const text = await metrics.text();
  expect(text).toContain('serval_sessions{endpoint="/kitchen/{table}"} 1');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect((await fetch(`${at}/readyz`)).status).toBe(200);
});
