import { TestClient } from '../../test-client';
import { open } from './node';
import { start } from './server';

test('the client for Node shows notes, and connects again to a server that restarts', async () => {
  let server = await start(0);
  const { port } = server;
  const seen: string[] = [];
  let wake = (): void => undefined;
  const see = (what: string) => (): void => void (seen.push(what), wake());
  const until = async (count: number): Promise<string[]> => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return seen;
  };
  const client = await open(`ws://127.0.0.1:${port}/`, {
    online: see('online'),
    away: see('away'),
    show: (text) => see(text)(),
  });
  await client.send('tea at four');
  expect(await until(2)).toEqual(['online', 'tea at four']);
  await server.stop();
  await until(3);
  const waiting = client.send('cake too');
  server = await start(port);
  expect(await until(5)).toEqual(['online', 'tea at four', 'away', 'online', 'cake too']);
  await waiting;
  await client.close();
  await server.stop();
});

test('a note reaches every client', async () => {
  const server = await start(0);
  const url = `ws://127.0.0.1:${server.port}/`;
  const [ann, bob] = [await TestClient.open(url), await TestClient.open(url)];
  ann.send('hello');
  for (const client of [ann, bob]) expect(await client.next()).toBe('hello');
  await server.stop();
});
