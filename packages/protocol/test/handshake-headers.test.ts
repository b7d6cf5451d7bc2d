import {
  acceptValue,
  formatExtensions,
  isValidKey,
  parseExtensions,
  parseSubprotocols,
} from '../src/handshake-headers';

const told = (header: string): unknown[] =>
  parseExtensions(header).map((one) => [one.getName(), one.getParameters().map((p) => [p.getName(), p.getValue()])]);

test('RFC 6455 1.3: the accept value of the sample key', () => {
  expect(acceptValue('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test.each([
  ['dGhlIHNhbXBsZSBub25jZQ==', true],
  ['AAAAAAAAAAAAAAAAAAAAAA==', true],
  ['', false],
  ['dGhlIHNhbXBsZSBub25jZQ=', false],
  ['dGhlIHNhbXBsZSBub25jZQ', false],
  // 22 characters whose last carries more than two bits are not the base64 of 16 bytes
  ['dGhlIHNhbXBsZSBub25jZR==', false],
  ['dGhlIHNhbXBsZSBub25jZSE=', false],
  ['dGhlIHNhbXBsZSBub25jZQ==\n', false],
  [' dGhlIHNhbXBsZSBub25jZQ==', false],
  ['dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==', false],
])('RFC 6455 4.2.1: whether %j is a key: %j', (key, valid) => {
  expect(isValidKey(key)).toBe(valid);
});

test('RFC 6455 4.1: reads subprotocols in their order', () => {
  expect(parseSubprotocols('b, a ,c')).toEqual(['b', 'a', 'c']);
});

test.each(['', ',', 'a,', 'a,,b', 'a,a', 'a b', 'a;b'])('RFC 6455 4.1: refuses the subprotocols %j', (header) => {
  expect(() => parseSubprotocols(header)).toThrow(expect.objectContaining({ name: 'SyntaxError' }) as Error);
});

test('RFC 6455 9.1: reads extensions with their parameters', () => {
  expect(told('foo; a; b=1; c="x"; a=2, bar, foo; d')).toEqual([
    [
      'foo',
      [
        ['a', ''],
        ['a', '2'],
        ['b', '1'],
        ['c', 'x'],
      ],
    ],
    ['foo', [['d', '']]],
    ['bar', []],
  ]);
});

test('a name that every object has is a name like others', () => {
  expect(told('__proto__; constructor=1, toString')).toEqual([
    ['__proto__', [['constructor', '1']]],
    ['toString', []],
  ]);
});

test.each(['', ',', 'foo;', 'foo; a=', 'foo; "a"', 'foo; a="', 'foo, ', 'foo; a=b c'])(
  'RFC 6455 9.1: refuses the extensions %j',
  (header) => {
    expect(() => parseExtensions(header)).toThrow(expect.objectContaining({ name: 'SyntaxError' }) as Error);
  },
);

test.each(['foo', 'foo; a; b=1', 'foo; a=1, foo, bar; c=d'])('RFC 6455 9.1: writes %j as it reads it', (header) => {
  expect(formatExtensions(parseExtensions(header))).toBe(header);
});
