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
])('RFC 6455 4.2.1: %j is a valid key: %j', (key, valid) => {
  expect(isValidKey(key)).toBe(valid);
});

test.each([
  ['b, a ,c', ['b', 'a', 'c']],
  ['__proto__', ['__proto__']],
])('RFC 6455 4.1: reads the subprotocols %j in their order', (header, names) => {
  expect(parseSubprotocols(header)).toEqual(names);
});

test.each([
  ['', []],
  [' \t ', []],
  [',', []],
  [' , ,\t,', []],
  ['a,', ['a']],
  [',a', ['a']],
  ['a,,b', ['a', 'b']],
  ['a , , b ,', ['a', 'b']],
])('RFC 9110 5.6.1: ignores empty elements in the list %j', (header, names) => {
  expect(parseSubprotocols(header)).toEqual(names);
  expect(told(header)).toEqual(names.map((name) => [name, []]));
});

test.each(['a,a', 'a,,a', 'a b', 'a;b', '"a"', 'a/b', 'a,b c', 'é', 'a\0'])(
  'RFC 6455 4.1: refuses the subprotocols %j',
  (header) => {
    expect(() => parseSubprotocols(header)).toThrow(expect.objectContaining({ name: 'SyntaxError' }) as Error);
  },
);

test('the error for a malformed list has the position, the text found and the text expected', () => {
  expect(() => parseSubprotocols('v 1')).toThrow('expected a comma at position 2; found "1"');
  expect(() => parseSubprotocols('v1, (x)')).toThrow('expected a token at position 4; found "(x)"');
  expect(() => parseExtensions('a; b=')).toThrow('expected a token at position 5; found the end');
  expect(() => parseExtensions('a; b="1 2"')).toThrow('the quoted value "1 2" is not a token');
});

test('RFC 6455 9.1: reads extensions and their parameters in order', () => {
  expect(told('foo; a; b=1; c="x"; a=2, bar, foo; d')).toEqual([
    [
      'foo',
      [
        ['a', ''],
        ['b', '1'],
        ['c', 'x'],
        ['a', '2'],
      ],
    ],
    ['bar', []],
    ['foo', [['d', '']]],
  ]);
});

test.each([
  'foo; a=1',
  'foo;a=1',
  'foo ; a = 1',
  '\tfoo\t;\ta\t=\t1\t',
  'foo; a= "1"',
  'foo; a ="1" ',
  ', foo; a = "\\1" ,',
])('RFC 6455 9.1: whitespace may stand around every part of %j', (header) => {
  expect(told(header)).toEqual([['foo', [['a', '1']]]]);
});

test('reads the names of Object.prototype like other names', () => {
  expect(told('__proto__; constructor=1, toString')).toEqual([
    ['__proto__', [['constructor', '1']]],
    ['toString', []],
  ]);
});

test.each([
  'foo;',
  ';',
  '; a',
  'foo;; a',
  'foo; a=',
  'foo; =1',
  'foo; a==1',
  'foo; "a"',
  '"foo"',
  'foo; a="',
  'foo; a="1\\',
  'foo; a=""',
  'foo; a="b c"',
  'foo; a="1"2',
  'foo; a=b c',
  'foo bar',
  'foo=1',
  'foo, ;',
  'foo/bar',
  'foo; a=\u00a01',
])('RFC 6455 9.1: refuses the extensions %j', (header) => {
  expect(() => parseExtensions(header)).toThrow(expect.objectContaining({ name: 'SyntaxError' }) as Error);
});

test.each(['foo', 'foo; a; b=1', 'foo; a=1, foo, bar; c=d'])('RFC 6455 9.1: writes %j as it reads it', (header) => {
  expect(formatExtensions(parseExtensions(header))).toBe(header);
});
