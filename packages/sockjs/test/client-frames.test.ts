import type { InboundRule } from '@serval/api/spi';
import { FrameReader, type FrameSink } from '../src/client-frames';
import { formatClose, formatMessages } from '../src';

class Recorder implements FrameSink {
  readonly events: unknown[] = [];
  textRule: InboundRule = { inParts: false, maxBytes: 8192 };

  onOpenFrame(): void {
    this.events.push('o');
  }
  onMessage(text: string, last: boolean): void {
    this.events.push(last ? text : { part: text });
  }
  onCloseFrame(code: number, reason: string): void {
    this.events.push({ code, reason });
  }
}

/** @param size the number of characters in each piece */
function read(stream: string, size = Infinity, rule?: InboundRule): Recorder {
  const recorder = new Recorder();
  if (rule !== undefined) recorder.textRule = rule;
  const reader = new FrameReader(recorder);
  const step = Math.min(size, stream.length);
  for (let begin = 0; begin < stream.length; begin += step) {
    const piece = stream.slice(begin, begin + step);
    for (let at = 0; at < piece.length;) at = reader.read(piece, at);
  }
  return recorder;
}

function failure(stream: string, size?: number, rule?: InboundRule): { closeCode: number; message: string } {
  try {
    read(stream, size, rule);
  } catch (error) {
    return error as { closeCode: number; message: string };
  }
  throw new Error('expected an error');
}

const TEXTS = ['plain', '', '"quoted" \\ back\\\\slash\\', '\u0000\n\r\t\u2028\uffff', 'zwei ✓ 𝄞', '],["a"', '\\u0041'];

describe('the frames that a client reads', () => {
  const stream = [
    `${'h'.repeat(2048)}\n`,
    'o\n',
    'h\n',
    `${formatMessages(TEXTS)}\n`,
    'a[]\n',
    '\n',
    'm"single"\n',
    'a [ "x" , "y" ]\r\n'.replace('a [', 'a['),
    `${formatClose(3000, 'Go "away"! ✓')}\n`,
  ].join('');

  test.each([1, 2, 3, 5, 7, 64, 2050, Infinity])('are the same in pieces of %p characters', (size) => {
    expect(read(stream, size).events).toEqual([
      'o',
      ...TEXTS,
      'single',
      'x',
      'y',
      { code: 3000, reason: 'Go "away"! ✓' },
    ]);
  });

  test('stop behind the frame o', () => {
    const reader = new FrameReader(new Recorder());
    expect(reader.read('h\no\na["x"]\n')).toBe(4);
  });

  test.each([1, 2, 3, 5, 8, Infinity])(
    'deliver a message in parts, which are whole characters, in pieces of %p',
    (size) => {
      const text = 'zwei ✓ 𝄞 "quoted"\n'.repeat(20);
      const { events } = read(`${formatMessages([text, 'next'])}\n`, size, { inParts: true, maxBytes: 1 });
      const parts = events.map((event) => (typeof event === 'string' ? event : (event as { part: string }).part));
      for (const part of parts) expect(() => encodeURIComponent(part)).not.toThrow();
      expect(parts.join('')).toBe(`${text}next`);
      expect(events.filter((event) => typeof event === 'string').length).toBe(2);
    },
  );

  test('hold many messages in a frame without a limit for the frame', () => {
    const texts = Array.from({ length: 10_000 }, (_, index) => `message ${index}`);
    expect(read(`${formatMessages(texts)}\n`, 4096, { inParts: false, maxBytes: 20 }).events).toEqual(texts);
  });

  test.each([
    ['three letters of two bytes', 'äää', 4, 1009],
    ['two letters of two bytes', 'ää', 4, undefined],
    ['1,000 letters', 'x'.repeat(1000), 999, 1009],
    ['1,000 letters', 'x'.repeat(1000), 1000, undefined],
    ['1,000 escapes', '\u0001'.repeat(1000), 1000, undefined],
  ])('apply the limit to each message: %s', (_what, text, maxBytes, code) => {
    const rule = { inParts: false, maxBytes };
    const stream = `${formatMessages([text])}\n`;
    if (code === undefined) expect(read(stream, 10, rule).events).toEqual([text]);
    else expect(failure(stream, 10, rule).closeCode).toBe(code);
  });

  test('end at the limit, however long the message goes on', () => {
    expect(failure(`a["${'x'.repeat(100_000)}`, 1000, { inParts: false, maxBytes: 1000 }).closeCode).toBe(1009);
  });
});

describe('a stream that has no frames', () => {
  test.each([
    [
      'a page',
      '<!DOCTYPE html>\n',
      'The server sent "<!DOCTYPE html>"; expected a frame of SockJS: o, h, a[…] or c[…].',
    ],
    ['an unknown letter', 'x[1]\n', 'The server sent "x[1]"; expected a frame of SockJS: o, h, a[…] or c[…].'],
    [
      'a list that begins with nothing',
      'a\n',
      'The server sent "a\\n"; expected a frame of SockJS: o, h, a[…] or c[…].',
    ],
    ['a number in the list', 'a[1]\n', 'The server sent "1" in a list of messages, which are texts.'],
    ['an object', 'a[{"x":1}]\n', 'The server sent "{" in a list of messages, which are texts.'],
    ['null', 'a[null]\n', 'The server sent "n" in a list of messages, which are texts.'],
    ['a comma at the end', 'a["x",]\n', 'The server sent "]" in a list of messages, which are texts.'],
    ['no comma', 'a["x""y"]\n', 'The server sent "\\"" in a list of messages, which are texts.'],
    ['text behind the list', 'a["x"]y\n', 'The server sent "y" behind the messages of a frame.'],
    ['an escape that JSON does not have', 'a["\\x41"]\n', 'The server sent a message that is not valid JSON.'],
    ['a line feed in a text', 'a["x\ny"]\n', 'The server sent a message that is not valid JSON.'],
    [
      'a close without a code',
      'c["x"]\n',
      'The server sent "c[\\"x\\"]"; expected a frame of SockJS: o, h, a[…] or c[…].',
    ],
    [
      'a close with a strange code',
      'c[99999,"x"]\n',
      'The server closed with the code 99999; expected one from 1000 to 4999.',
    ],
    [
      'a close with a fraction',
      'c[1000.5,"x"]\n',
      'The server closed with the code 1000.5; expected one from 1000 to 4999.',
    ],
  ])('fails with 1002: %s', (_what, stream, message) => {
    for (const size of [1, Infinity]) {
      const error = failure(stream, size);
      expect([error.closeCode, error.message]).toEqual([1002, message]);
    }
  });

  test('fails with 1002 when a line does not end', () => {
    expect(failure('h'.repeat(10_000), 1000).closeCode).toBe(1002);
    expect(failure(`c[3000,"${'x'.repeat(10_000)}`, 1000).closeCode).toBe(1002);
  });

  test('fails with 1002 when a response ends inside a message', () => {
    const reader = new FrameReader(new Recorder());
    reader.read('a["x');
    expect(() => reader.endResponse()).toThrow('The response of the server ended inside a message.');
  });

  test('may leave out the line feed at the end of a response', () => {
    const recorder = new Recorder();
    const reader = new FrameReader(recorder);
    reader.read('a["x"]');
    reader.endResponse();
    reader.read('c[3000,"Go away!"]');
    reader.endResponse();
    expect(recorder.events).toEqual(['x', { code: 3000, reason: 'Go away!' }]);
  });
});
