import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, sendChopped } from '../echo-peer';

const REASON_123 = '✓'.repeat(41);

overBothEngines((connect, engine) => {
  test('RFC 6455 5.5.1: answers an empty close frame with an empty one, and reports 1005', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x88));
    expect(await client.readToEnd()).toEqual(bytes(0x88, 0));
    expect(await heard.closed()).toEqual(['close 1005']);
  });

  test('RFC 6455 5.5.1: a close frame of one byte is a protocol error', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x88, [0x03]));
    expect(await closeCode(client)).toBe(1002);
  });

  test.each<[string, string]>([
    ['no reason', ''],
    ['a reason', 'Hello, world!'],
    ['a reason beyond ASCII', 'κόσμε 𝄞'],
    ['a reason of 123 bytes', REASON_123],
  ])('RFC 6455 5.5.1: reports a code and %s, and echoes the code', async (_title, reason) => {
    for (const chopped of [false, true]) {
      const { client, heard } = await connect();
      const frame = clientFrame(0x88, bytes(0x03, 0xe8, reason));
      if (chopped) await sendChopped(client, frame, 1);
      else client.send(frame);
      expect(await client.readToEnd()).toEqual(bytes(0x88, 2 + Buffer.byteLength(reason), 0x03, 0xe8, reason));
      expect(await heard.closed()).toEqual([`close 1000 ${reason}`.trimEnd()]);
    }
  });

  test('RFC 6455 5.5: a reason of 124 bytes makes the frame too long', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x88, bytes(0x03, 0xe8, 'x'.repeat(124))));
    expect(await closeCode(client)).toBe(1002);
  });

  test.each<[string, number[]]>([
    ['a byte that no text has', [0xff]],
    ['a surrogate', [0xce, 0xba, 0xed, 0xa0, 0x80, 0x65]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a character cut off', [0xe2, 0x9c]],
    ['a character beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('RFC 6455 5.5.1: a reason with %s is not UTF-8', async (_title, reason) => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x88, bytes(0x03, 0xe8, ...reason)));
    expect(await closeCode(client)).toBe(1007);
    expect((await heard.closed()).at(-1)).toMatch(/^close 1007/);
  });

  test('RFC 6455 5.5.1: ignores everything after a close frame', async () => {
    const { client, heard } = await connect();
    client.send(
      clientFrame(0x88, [0x0f, 0xa0]),
      clientFrame(0x81, 'late'),
      clientFrame(0x89, 'late'),
      clientFrame(0x88, [0x03, 0xe8]),
      // Not even what would be a protocol error.
      clientFrame(0xff),
    );
    expect(await client.readToEnd()).toEqual(bytes(0x88, 2, 0x0f, 0xa0));
    expect(await heard.closed()).toEqual(['close 4000']);
  });

  test('RFC 6455 5.5.1: data in flight when the server closes is not a protocol error; no pong follows a close frame', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, 'close with 4001 enough'));
    expect(await client.read(10)).toEqual(bytes(0x88, 8, 0x0f, 0xa1, 'enough'));
    client.send(clientFrame(0x81, 'under way'), clientFrame(0x89, 'ping'), clientFrame(0x88, [0x0f, 0xa1]));
    expect(await client.readToEnd()).toEqual(Buffer.alloc(0));
    expect((await heard.closed()).at(-1)).toBe('close 4001 enough');
  });

  test('RFC 6455 5.5.1: the answer to an earlier message precedes the close frame, if it is ready at once', async () => {
    const { client } = await connect();
    client.send(clientFrame(0x81, 'last'), clientFrame(0x88, [0x03, 0xe8]));
    expect(await client.readToEnd()).toEqual(bytes(0x81, 4, 'last', 0x88, 2, 0x03, 0xe8));
  });

  test('RFC 6455 5.5.1: a close frame waits for a slow handler and its answer', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, 'take your time'), clientFrame(0x88, [0x03, 0xe8]));
    expect(await client.readToEnd()).toEqual(bytes(0x81, 4, 'done', 0x88, 2, 0x03, 0xe8));
    expect(await heard.closed()).toEqual(['text take your time', 'close 1000']);
  });

  test('RFC 6455 5.5.1: a close frame also waits for a message behind a slow handler', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, 'take your time'), clientFrame(0x81, 'next'), clientFrame(0x88, [0x03, 0xe8]));
    expect(await client.readToEnd()).toEqual(bytes(0x81, 4, 'done', 0x81, 4, 'next', 0x88, 2, 0x03, 0xe8));
    expect(await heard.closed()).toEqual(['text take your time', 'text next', 'close 1000']);
  });

  test('RFC 6455 7.1.7: the close after a protocol error waits for the answers to earlier messages', async () => {
    const { client, heard } = await connect();
    client.send(clientFrame(0x81, 'take your time'), clientFrame(0x81, 'next'), clientFrame(0xff));
    const answers = bytes(0x81, 4, 'done', 0x81, 4, 'next');
    expect(await client.read(answers.length)).toEqual(answers);
    expect(await closeCode(client)).toBe(1002);
    const told = (await heard.closed()).map((entry) => entry.slice(0, 10));
    expect(told).toEqual(['text take ', 'text next', 'close 1002']);
  });

  test('RFC 6455 5.5.1: answers 256 KiB of messages before the close frame that follows them', async () => {
    const { client } = await connect();
    const messages = Array.from({ length: 64 }, () => clientFrame(0x82, Buffer.alloc(4096, engine)));
    client.send(...messages, clientFrame(0x88, [0x03, 0xe8]));
    const answers = await client.readToEnd();
    expect(answers.length).toBe(64 * (4 + 4096) + 4);
    expect(answers.subarray(-4)).toEqual(bytes(0x88, 2, 0x03, 0xe8));
  });
});
