import { bytes, closeCode, overBothEngines } from '../echo-peer';

overBothEngines((connect) => {
  test('RFC 6455 5.7: accepts the masked single-frame text of the examples, and answers with the unmasked one', async () => {
    const { client } = await connect();
    client.send([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    expect(await client.read(7)).toEqual(bytes(0x81, 0x05, 'Hello'));
  });

  test('RFC 6455 5.3: each frame has its own key, which starts again in each fragment', async () => {
    const { client } = await connect();
    client.send(
      // "abc" ^ 01 02 03 · "defgh" ^ ff 00 ff 00 ff · "i" ^ 80
      [0x01, 0x83, 0x01, 0x02, 0x03, 0x04, 0x60, 0x60, 0x60],
      [0x00, 0x85, 0xff, 0x00, 0xff, 0x00, 0x9b, 0x65, 0x99, 0x67, 0x97],
      [0x80, 0x81, 0x80, 0x00, 0x00, 0x00, 0xe9],
    );
    expect(await client.read(11)).toEqual(bytes(0x81, 9, 'abcdefghi'));
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65, 125])(
    'RFC 6455 5.3: the key goes round over %i bytes, whatever they are aligned to',
    async (length) => {
      const { client, heard } = await connect();
      const key = [0xa5, 0x00, 0xff, 0x3c];
      const payload = Buffer.from(Array.from({ length }, (_, index) => (index * 7) & 0xff));
      const masked = payload.map((byte, index) => byte ^ (key[index % 4] ?? 0));
      // Two frames in one packet: the second lies elsewhere in memory than the first.
      const frame = bytes(0x82, 0x80 | length, ...key, masked);
      client.send(frame, frame);
      const echo = bytes(0x82, length, payload);
      expect(await client.read(2 * echo.length)).toEqual(bytes(echo, echo));
      expect(heard.entries).toEqual([`binary ${payload.toString('hex')}`, `binary ${payload.toString('hex')}`]);
    },
  );

  test.each([
    ['a text', [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]],
    ['an empty text', [0x81, 0x00]],
    ['a ping', [0x89, 0x00]],
    ['a pong', [0x8a, 0x00]],
    ['a close frame', [0x88, 0x02, 0x03, 0xe8]],
    ['a frame of 126 bytes, by its first two', [0x82, 126]],
    ['a frame of 65,536 bytes, by its first two', [0x82, 127]],
  ])('RFC 6455 5.1: the server closes with 1002 for %s that is not masked', async (_title, frame) => {
    const { client, heard } = await connect();
    client.send(frame);
    expect(await closeCode(client)).toBe(1002);
    expect((await heard.closed()).at(-1)).toMatch(/^close 1002/);
    expect(heard.entries.some((entry) => /^(text|binary|pong)/.test(entry))).toBe(false);
  });

  test('RFC 6455 5.1: the second fragment of a message must also be masked', async () => {
    const { client, heard } = await connect();
    client.send([0x01, 0x81, 0, 0, 0, 0, 0x61], [0x80, 0x01, 0x62]);
    expect(await closeCode(client)).toBe(1002);
    expect((await heard.closed()).filter((entry) => entry.startsWith('text'))).toEqual([]);
  });

  test('RFC 6455 5.1: the server masks nothing', async () => {
    const { client } = await connect();
    client.send(
      [0x81, 0x81, 0, 0, 0, 0, 0x61],
      [0x82, 0x81, 0, 0, 0, 0, 0x62],
      [0x89, 0x81, 0, 0, 0, 0, 0x63],
      [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8],
    );
    const answers = await client.readToEnd();
    // A pong may pass data frames, so only the order of the others is fixed.
    const pong = answers.indexOf(bytes(0x8a, 0x01, 'c'));
    expect(pong).toBeGreaterThanOrEqual(0);
    expect(bytes(answers.subarray(0, pong), answers.subarray(pong + 3))).toEqual(
      bytes(0x81, 0x01, 'a', 0x82, 0x01, 'b', 0x88, 0x02, 0x03, 0xe8),
    );
  });
});
