import { WebSocket } from 'ws';
import { clientFrame, LiteralSocket } from '@serval/testing';
import { Server } from 'serval';
import { Answers, HEARD, PATH, SAID } from './same-answers';

let server: Server;
beforeAll(async () => {
  server = await new Server({ host: '127.0.0.1', endpoints: [Answers] }).start();
});
afterAll(() => server.stop());

test('a ws client receives the answers', async () => {
  const client = new WebSocket(`ws://127.0.0.1:${server.port}${PATH}`);
  const heard: string[] = [];
  client.on('open', () => SAID.forEach((said) => client.send(said)));
  client.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? data.toString('hex') : data.toString()));
  await new Promise<void>((resolve) => {
    client.on('close', (code, reason) => {
      heard.push(`${code} ${reason.toString()}`);
      resolve();
    });
  });
  expect(heard).toEqual(HEARD);
});

test('a ws client with permessage-deflate receives the same answers', async () => {
  const compressing = await new Server({ host: '127.0.0.1', endpoints: [Answers], perMessageDeflate: true }).start();
  const client = new WebSocket(`ws://127.0.0.1:${compressing.port}${PATH}`, { perMessageDeflate: { threshold: 0 } });
  const heard: string[] = [];
  client.on('open', () => SAID.forEach((said) => client.send(said)));
  client.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? data.toString('hex') : data.toString()));
  await new Promise<void>((resolve) => {
    client.on('close', (code, reason) => {
      heard.push(`${code} ${reason.toString()}`);
      resolve();
    });
  });
  expect(client.extensions).toBe('permessage-deflate');
  expect(heard).toEqual(HEARD);
  await compressing.stop();
});

test('a TCP client with literal bytes receives the same answers', async () => {
  const socket = await LiteralSocket.connect(server.port);
  const head = await socket.upgrade(PATH);
  expect(head.status).toBe(101);
  expect(head.headers.get('sec-websocket-accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  for (const said of SAID) socket.send(clientFrame(typeof said === 'string' ? 0x81 : 0x82, said));
  const frame = async (): Promise<string> => {
    const [first = 0, length = 0] = await socket.read(2);
    const payload = await socket.read(length === 126 ? (await socket.read(2)).readUInt16BE() : length);
    if (first === 0x88) return `${payload.readUInt16BE()} ${payload.subarray(2).toString()}`;
    expect([0x81, 0x82]).toContain(first);
    return first === 0x81 ? payload.toString() : payload.toString('hex');
  };
  const heard: string[] = [];
  while (heard.length < HEARD.length) heard.push(await frame());
  expect(heard).toEqual(HEARD);
  // RFC 6455 7.1.1: the server closes the TCP connection once both close frames are there.
  socket.send(clientFrame(0x88, [0x0f, 0xa0]));
  expect(await socket.readToEnd()).toHaveLength(0);
});

describe('closes with the right code when a peer breaks a rule', () => {
  test.each([
    ['an unmasked frame', [0x81, 0x02, 0x68, 0x69], 1002],
    ['a reserved bit', clientFrame(0xc1, 'hi'), 1002],
    ['an unknown opcode', clientFrame(0x83, 'hi'), 1002],
    ['a continuation of nothing', clientFrame(0x80, 'hi'), 1002],
    ['a new message inside another', [...clientFrame(0x01, 'he'), ...clientFrame(0x81, 'llo')], 1002],
    ['a fragmented ping', clientFrame(0x09), 1002],
    ['a ping of 126 bytes', clientFrame(0x89, 'x'.repeat(126)), 1002],
    ['a close frame with one byte', clientFrame(0x88, [3]), 1002],
    ['a close frame with code 1005', clientFrame(0x88, [0x03, 0xed]), 1002],
    ['a text that is not UTF-8', clientFrame(0x81, [0xc3, 0x28]), 1007],
    ['a text over the limit', clientFrame(0x81, 'x'.repeat(8193)), 1009],
    ['a binary message over the limit', clientFrame(0x82, 'x'.repeat(8193)), 1009],
    ['a length with its highest bit set', [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002],
  ])('%s', async (_what, bytes, code) => {
    const socket = await LiteralSocket.connect(server.port);
    await socket.upgrade(PATH);
    const hello = await socket.read(2 + HEARD[0]!.length);
    expect(hello[0]).toBe(0x81);
    socket.send(bytes);
    const [first] = await socket.read(2);
    expect(first).toBe(0x88);
    expect((await socket.read(2)).readUInt16BE()).toBe(code);
    socket.destroy();
  });
});

test('none of these tests caused an unhandled rejection', async () => {
  const rejections: unknown[] = [];
  const listener = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', listener);
  for (let count = 0; count < 20; count += 1) {
    const socket = await LiteralSocket.connect(server.port);
    await socket.upgrade(PATH);
    socket.send(clientFrame(0x81, 'fail'), clientFrame(0x81, 'one'), clientFrame(0x81, 'close'));
    if (count % 2 === 0) socket.reset();
    else socket.end();
  }
  while (server.container.getSessions().size > 0) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listener);
  expect(rejections).toEqual([]);
});
