import { clientFrame } from '@serval/testing';
import { bytes, closeCode, overBothEngines, sendChopped } from '../echo-peer';
import { someOf } from '../../../testing/test/toolbox';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

// The Unicode Standard, table 3-7, and Markus Kuhn's list of decoder mistakes.
const VALID: readonly [string, string][] = [
  ['nothing', ''],
  ['text of one to four bytes', '48 65 6c 6c 6f 2d c2 b5 40 e2 9c 93 2d f0 9d 84 9e 21'],
  ['the Greek word kosme', 'ce ba e1 bd b9 cf 83 ce bc ce b5'],
  ['U+0000, the first of one byte', '00'],
  ['U+007F, the last of one byte', '7f'],
  ['U+0080, the first of two', 'c2 80'],
  ['U+07FF, the last of two', 'df bf'],
  ['U+0800, the first of three', 'e0 a0 80'],
  ['U+FFFF, the last of three', 'ef bf bf'],
  ['U+10000, the first of four', 'f0 90 80 80'],
  ['U+10FFFF, the last of four', 'f4 8f bf bf'],
  ['U+D7FF, before the surrogates', 'ed 9f bf'],
  ['U+E000, behind the surrogates', 'ee 80 80'],
  ['U+FFFD, the replacement character', 'ef bf bd'],
  ['U+FFFE, which is no character', 'ef bf be'],
  ['U+FDD0 to U+FDD2, which are no characters', 'ef b7 90 ef b7 91 ef b7 92'],
  ['the last two of planes 1, 2, 9 and 16', 'f0 9f bf be f0 9f bf bf f0 af bf be f2 9f bf bf f4 8f bf be'],
];

/** Of each, the first byte that makes it impossible; none for what is only cut off. */
const INVALID: readonly [string, string, number | undefined][] = [
  ['a surrogate behind the word kosme', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64', 12],
  ['U+110000 behind the word kosme', 'ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64 69 74 65 64', 12],
  ['the first of five bytes', 'f8 88 80 80 80', 0],
  ['the first of six bytes', 'fc 84 80 80 80 80', 0],
  ['the last of four bytes, U+1FFFFF', 'f7 bf bf bf', 0],
  ['the last of five bytes', 'fb bf bf bf bf', 0],
  ['the last of six bytes', 'fd bf bf bf bf bf', 0],
  ['U+110000', 'f4 90 80 80', 1],
  ['a continuation byte', '80', 0],
  ['the last continuation byte', 'bf', 0],
  ['two continuation bytes', '80 bf', 0],
  ['a continuation byte behind a character', 'c3 a4 80', 2],
  ['a lead of two and a space', 'c0 20', 0],
  ['a lead of two and a letter', 'c3 61', 1],
  ['a lead of three and a space', 'e1 20', 1],
  ['two leads of three', 'e2 9c e2', 2],
  ['a lead of four and a space', 'f0 20', 1],
  ['a lead of four, two bytes and a space', 'f0 9d 84 20', 3],
  ['a lead of two at the end', 'df', undefined],
  ['a character of three without its last byte', 'ef bf', undefined],
  ['a character of four without its last byte', 'f0 9d 84', undefined],
  ['a lead of four at the end', '61 62 63 f1', undefined],
  ['the byte FE', 'fe', 0],
  ['the byte FF', 'ff', 0],
  ['FE FE FF FF', 'fe fe ff ff', 0],
  ['a slash in two bytes', 'c0 af', 0],
  ['a slash in three', 'e0 80 af', 1],
  ['a slash in four', 'f0 80 80 af', 1],
  ['a slash in five', 'f8 80 80 80 af', 0],
  ['U+007F in two bytes', 'c1 bf', 0],
  ['U+07FF in three', 'e0 9f bf', 1],
  ['U+FFFF in four', 'f0 8f bf bf', 1],
  ['U+0000 in two bytes', 'c0 80', 0],
  ['U+0000 in three', 'e0 80 80', 1],
  ['U+D800, the first surrogate', 'ed a0 80', 1],
  ['U+DBFF', 'ed af bf', 1],
  ['U+DC00', 'ed b0 80', 1],
  ['U+DFFF, the last surrogate', 'ed bf bf', 1],
  ['a pair of surrogates', 'ed a0 81 ed b0 80', 1],
];

/** A message with one byte, or none at all, in each fragment. */
function byByte(text: Buffer): Buffer[] {
  return [
    clientFrame(0x01),
    ...[...text].flatMap((byte) => [clientFrame(0x00, [byte]), clientFrame(0x00)]),
    clientFrame(0x80),
  ];
}

overBothEngines((connect, engine) => {
  // Over ws its own code judges a text, so `npm test` tries fewer there.
  const invalid = engine === 'ws' ? someOf(10, INVALID) : INVALID;

  test.each(VALID)(
    'RFC 6455 8.1: %s is text, whole, cut into fragments, and cut into packets',
    async (_title, code) => {
      const { client, heard } = await connect();
      const text = hex(code);
      const echo = bytes(0x81, text.length, text);
      client.send(clientFrame(0x81, text), ...byByte(text));
      expect(await client.read(2 * echo.length)).toEqual(bytes(echo, echo));
      await sendChopped(client, clientFrame(0x81, text), 1);
      expect(await client.read(echo.length)).toEqual(echo);
      const entry = `text ${text.toString()}`;
      expect(heard.entries).toEqual([entry, entry, entry]);
    },
  );

  test.each(invalid)('RFC 6455 8.1: rejects %s with 1007', async (_title, code) => {
    const text = hex(code);
    for (const frames of [
      [clientFrame(0x81, text)],
      byByte(text),
      // Behind good text, and before it.
      [clientFrame(0x01, 'good text '), clientFrame(0x80, text)],
      [clientFrame(0x01, text), clientFrame(0x80, ' good text')],
    ]) {
      const { client, heard } = await connect();
      client.send(...frames);
      expect(await closeCode(client)).toBe(1007);
      expect((await heard.closed()).filter((entry) => entry.startsWith('text'))).toEqual([]);
      expect(heard.entries.at(-1)).toMatch(/^close 1007/);
    }
  });

  test.each(invalid)('RFC 6455 5.6: accepts %s in a binary message', async (_title, code) => {
    const { client } = await connect();
    const data = hex(code);
    client.send(clientFrame(0x82, data));
    expect(await client.read(2 + data.length)).toEqual(bytes(0x82, data.length, data));
  });

  const impossible = INVALID.filter((row): row is [string, string, number] => row[2] !== undefined);
  describe('RFC 6455 8.1: rejects text at the first invalid byte', () => {
    if (engine === 'ws') {
      // Differs: ws looks at a text when all of it is there, and so waits for the end of the message.
      test('over ws only at the end of the message', async () => {
        const { client } = await connect();
        client.send(clientFrame(0x01, [0xff]), clientFrame(0x89, 'still open'));
        expect(await client.read(12)).toEqual(bytes(0x8a, 10, 'still open'));
        client.send(clientFrame(0x80));
        expect(await closeCode(client)).toBe(1007);
      });
      return;
    }

    test.each(impossible)('%s, in a fragment', async (_title, code, first) => {
      const { client } = await connect();
      const text = hex(code);
      // All before that byte is good so far: the connection still answers.
      client.send(clientFrame(0x01, text.subarray(0, first)), clientFrame(0x89));
      expect(await client.read(2)).toEqual(bytes(0x8a, 0));
      client.send(clientFrame(0x00, text.subarray(first, first + 1)));
      expect(await closeCode(client)).toBe(1007);
    });

    test.each(impossible)('%s, in an unfinished frame', async (_title, code, first) => {
      const { client, heard } = await connect();
      const frame = clientFrame(0x81, bytes(hex(code), 'never sent'));
      client.send(frame.subarray(0, 6 + first));
      // In a separate packet, because no earlier byte may be enough.
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard.entries).toEqual([]);
      client.send(frame.subarray(6 + first, 6 + first + 1));
      expect(await closeCode(client)).toBe(1007);
    });
  });
});
