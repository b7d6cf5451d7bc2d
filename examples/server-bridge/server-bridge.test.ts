import type { Server } from 'serval';
import type { Running } from '../main';
import { TestClient } from '../test-client';
import { Archive } from './archive';
import { ArchiveLink } from './bridge';
import { start, startArchive } from './server';

let archive: Server;
let bridge: Running;

beforeEach(async () => {
  Archive.stored.clear();
  archive = await startArchive(0);
  bridge = await start(0, `ws://127.0.0.1:${archive.port}/archive`);
});

afterEach(async () => {
  await bridge.stop();
  await archive.stop();
});

const device = (): Promise<TestClient> => TestClient.open(`ws://127.0.0.1:${bridge.port}/readings`);

test('server-bridge answers when the archive has the reading', async () => {
  const client = await device();
  client.send('20.5');
  expect(await client.next()).toBe('stored 1');
  expect([...Archive.stored]).toEqual([['1', '20.5']]);
  await client.close();
});

test('server-bridge loses nothing when the archive restarts twice during 300 readings', async () => {
  const client = await device();
  const { port } = archive;
  const expected = new Map<string, string>();
  for (let number = 1; number <= 300; number++) {
    client.send(`${number / 10}`);
    expected.set(`stored ${number}`, `${number / 10}`);
    if (number === 100 || number === 200) {
      // Some readings are with the archive, some are on their way, and the others arrive while it is down.
      expect(await client.next()).toMatch(/^stored /);
      await archive.stop({ grace: 0 });
    }
    if (number === 150 || number === 250) archive = await startArchive(port);
  }
  // Each answer is a kept promise; the test has already read two.
  for (let answer = 0; answer < 298; answer++) expect(await client.next()).toMatch(/^stored \d+$/);
  expect(new Map([...Archive.stored].map(([number, reading]) => [`stored ${number}`, reading]))).toEqual(expected);
  await client.close();
});

test('server-bridge accepts at most 1000 readings while the archive is away', async () => {
  const link = new ArchiveLink();
  for (let number = 1; number <= 1000; number++) void link.store('20.5');
  await expect(link.store('20.5')).rejects.toThrow('The archive is behind.');
});
