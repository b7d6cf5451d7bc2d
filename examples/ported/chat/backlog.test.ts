import { TestServer } from 'serval/testing';
import { ChatAnnotation } from './chat-annotation';

test('ported chat: a guest with ten waiting messages misses them and later ones, until a send succeeds', async () => {
  const server = new TestServer({ endpoints: [ChatAnnotation], compatibility: 'tomcat-10.1' });
  const join = () => server.connect('/websocket/chat');
  const [ann, ben, slow] = [await join(), await join(), await join()];
  expect(await slow.receive()).toMatch(/has joined/);
  slow.pause();

  // More than 64 KiB: the last one waits, and so does ann.
  const floods = 9;
  for (let count = 0; count < floods; count += 1) ann.send('x'.repeat(8000));
  let heard = 0;
  while (heard < floods) if (/: x+$/.test(String(await ben.receive()))) heard += 1;
  for (let count = 1; count <= 13; count += 1) {
    ben.send(`message ${count}`);
    expect(await ben.receive()).toMatch(new RegExp(`: message ${count}$`));
  }

  slow.resume();
  for (let count = 0; count < floods; count += 1) expect(await slow.receive()).toMatch(/: x{8000}$/);
  ben.send('the end');
  expect(await slow.receive()).toBe('Skipped [13] messages due to slow client');
  expect(await slow.receive()).toMatch(/: the end$/);
  await server.stop();
});
