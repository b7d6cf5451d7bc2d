import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describeWithPeer, Tomcat } from '.';
import WebSocket from 'ws';

const START_MS = 90_000;

describeWithPeer(Tomcat, 'Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, START_MS);
  afterAll(() => tomcat?.stop());

  test('answers at its examples', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${tomcat.port}/examples/websocket/echoAnnotation`);
    await once(socket, 'open');
    socket.send('hello');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('hello');
    socket.close();
    await once(socket, 'close');
  });

  test(
    'leaves nothing behind when it is stopped',
    async () => {
      const another = await Tomcat.start();
      expect(existsSync(another.folder)).toBe(true);
      await another.stop();
      expect(existsSync(another.folder)).toBe(false);
    },
    START_MS,
  );
});
