import { connect } from 'serval';
import { start } from './server';

let server: Awaited<ReturnType<typeof start>>;

beforeEach(async () => (server = await start(0)));
afterEach(() => server.stop());

test('sockjs: people in a room hear each other, whatever their transport is', async () => {
  const heard: string[] = [];
  let wake: () => void = () => undefined;
  const uri = `http://127.0.0.1:${server.port}/chat/lobby`;
  const ann = await connect(`ws://127.0.0.1:${server.port}/chat/lobby`, {
    onText: (text) => {
      heard.push(text);
      wake();
    },
  });
  const bob = await connect(uri, { sockJs: { transports: ['xhr-streaming'] } });
  await bob.send('hello from bob');
  while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  expect(heard).toEqual(['hello from bob']);
  await Promise.all([ann.close(), bob.close()]);
});
