import { TestServer } from 'serval/testing';
import { SnakeAnnotation } from './snake-annotation';

afterEach(() => jest.useRealTimers());

test('ported snake: a player who reads nothing leaves the game, and the others continue', async () => {
  jest.useFakeTimers();
  const server = new TestServer({ endpoints: [SnakeAnnotation], compatibility: 'tomcat-10.1' });
  const ann = await server.connect('/websocket/snake');
  const slow = await server.connect('/websocket/snake');
  const [, id] = /"id": (\d+), "color": "[^"]*"}\]/.exec(String(await slow.receive())) ?? [];
  slow.pause();

  let packet = '';
  while (!packet.includes('leave')) {
    await jest.advanceTimersByTimeAsync(100);
    packet = String(await ann.receive());
  }
  expect(packet).toBe(`{"type": "leave", "id": ${id}}`);
  expect(server.sessions.size).toBe(1);
  await jest.advanceTimersByTimeAsync(100);
  while (!packet.includes('update')) packet = String(await ann.receive());
  expect(packet).not.toContain(`"id":${id},`);
  const stopped = server.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  await stopped;
  expect(jest.getTimerCount()).toBe(0);
});
