import { formatDouble, NumberFormatError, parseDouble, parseInt32, parseInt64 } from './java-numbers';

test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [-12.5, '-12.5'],
  [0.001, '0.001'],
  [0.00099, '9.9E-4'],
  [9_999_999, '9999999.0'],
  [9_999_999.5, '9999999.5'],
  [1e7, '1.0E7'],
  [123_456_789.5, '1.234567895E8'],
  [-1.25e21, '-1.25E21'],
  [1e-7, '1.0E-7'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [NaN, 'NaN'],
])('writes a double as Java does: %p as %s', (value, text) => {
  expect(formatDouble(value)).toBe(text);
});

test.each([
  ['5', 5],
  ['+5', 5],
  [' 5. ', 5],
  ['-.5', -0.5],
  ['1E+2', 100],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['NaN', NaN],
])('reads %p as a double', (text, value) => {
  expect(parseDouble(text)).toBe(value);
});

test.each([undefined, '', ' ', '.', '1e', '1,5', '0x10', '1_000', 'infinity', '--1'])('%p is not a double', (text) =>
  expect(() => parseDouble(text)).toThrow(NumberFormatError),
);

test('accepts only whole numbers of 32 or 64 bits', () => {
  expect([parseInt32('+007'), parseInt32('-2147483648'), parseInt32('2147483647')]).toEqual([
    7,
    -(2 ** 31),
    2 ** 31 - 1,
  ]);
  expect(parseInt64('-9223372036854775808')).toBe(-(2n ** 63n));
  for (const text of [undefined, '', '-', '1.0', ' 1', '1e3', '2147483648', '-2147483649']) {
    expect(() => parseInt32(text)).toThrow(NumberFormatError);
  }
  for (const text of ['9223372036854775808', '1'.repeat(100)])
    expect(() => parseInt64(text)).toThrow(NumberFormatError);
});
