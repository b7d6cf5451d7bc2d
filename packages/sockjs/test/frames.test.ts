import { formatClose, formatMessages, formatSent, parseFrame, parseSent } from '@serval/sockjs';

/** `\u2028` and so on, for a range of code units. */
function escapes(from: number, to: number): string {
  let text = '';
  for (let unit = from; unit <= to; unit += 1) text += `\\u${unit.toString(16).padStart(4, '0')}`;
  return text;
}

describe('frames of a server', () => {
  it('holds all messages in one frame', () => {
    expect(formatMessages(['x'])).toBe('a["x"]');
    expect(formatMessages(['one', 'two "quoted"'])).toBe(String.raw`a["one","two \"quoted\""]`);
    expect(formatMessages([])).toBe('a[]');
  });

  it('escapes control characters as JSON does', () => {
    expect(formatMessages(['  \u0000\n\r '])).toBe(String.raw`a["  \u0000\n\r "]`);
  });

  it('escapes every character that a browser changes or cannot receive', () => {
    const escaped = [
      [0x200c, 0x200f],
      [0x2028, 0x202f],
      [0x2060, 0x206f],
      [0xd800, 0xdfff],
      [0xfff0, 0xffff],
    ]
      .map(([from = 0, to = 0]) => escapes(from, to))
      .join('');
    const killer: unknown = JSON.parse(`"${escaped}"`);
    expect(formatMessages([String(killer)])).toBe(`a["${escaped}"]`);
  });

  it('escapes both halves of a pair of surrogates', () => {
    expect(formatMessages(['𝄞'])).toBe(String.raw`a["\ud834\udd1e"]`);
  });

  it('leaves other characters as they are', () => {
    expect(formatMessages(['zwölf ✓ 漢'])).toBe('a["zwölf ✓ 漢"]');
  });

  it('names code and reason of a close', () => {
    expect(formatClose(3000, 'Go away!')).toBe('c[3000,"Go away!"]');
    expect(formatClose(1008, 'line\u2028end')).toBe(String.raw`c[1008,"line\u2028end"]`);
  });
});

describe('frames as a client reads them', () => {
  it.each([
    ['o', { kind: 'open' }],
    ['h', { kind: 'heartbeat' }],
    ['a["one","two"]', { kind: 'messages', texts: ['one', 'two'] }],
    ['a[]', { kind: 'messages', texts: [] }],
    ['m"one"', { kind: 'messages', texts: ['one'] }],
    ['c[3000,"Go away!"]', { kind: 'close', code: 3000, reason: 'Go away!' }],
  ])('reads %s', (frame, expected) => {
    expect(parseFrame(frame)).toEqual(expected);
  });

  it.each(['', 'zzz', 'open', 'hh', 'a', 'a["one"', 'a[1]', 'a{}', 'm1', 'c', 'c[]', 'c["x",1]', 'c{}', '["one"]'])(
    'rejects %j',
    (text) => {
      expect(parseFrame(text)).toBeUndefined();
    },
  );

  it('reads every text that a server formats', () => {
    const texts = ['', ' ', '\u0000', '\ud800', '\u2028', '</script>', '𝄞'];
    expect(parseFrame(formatMessages(texts))).toEqual({ kind: 'messages', texts });
  });
});

describe('messages of a client', () => {
  it.each([
    ['["a"]', { kind: 'messages', texts: ['a'] }],
    ['[]', { kind: 'messages', texts: [] }],
    [' [ "a", "b" ] ', { kind: 'messages', texts: ['a', 'b'] }],
    ['', { kind: 'no payload' }],
    ['"a"', { kind: 'no payload' }],
    ['{"a":1}', { kind: 'no payload' }],
    ['null', { kind: 'no payload' }],
    ['[1]', { kind: 'no payload' }],
    ['[["a"]]', { kind: 'no payload' }],
    ['["a', { kind: 'broken JSON' }],
    ['a', { kind: 'broken JSON' }],
  ])('reads %s', (body, expected) => {
    expect(parseSent(body)).toEqual(expected);
  });

  it('reads every text that a client formats', () => {
    const texts = ['', '\ud800', '\uffff', '"', '漢'];
    expect(parseSent(formatSent(texts))).toEqual({ kind: 'messages', texts });
  });
});
