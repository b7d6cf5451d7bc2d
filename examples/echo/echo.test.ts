import { TestClient } from '../test-client';
import { start } from './server';

test('echo sends text back as text and binary back as binary', async () => {
  const server = await start(0);
  const client = await TestClient.open(`ws://127.0.0.1:${server.port}/echo`);
  client.send('hello');
  client.send(Buffer.from([0x00, 0xff]));
  expect(await client.next()).toBe('hello');
  expect(await client.next()).toEqual(Buffer.from([0x00, 0xff]));
  await server.stop();
  expect(await client.closed).toBe('1001 The server is stopping.');
});
