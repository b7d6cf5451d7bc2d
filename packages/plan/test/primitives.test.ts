import { Char, type PrimitiveType } from '@serval/api';
import { isPrimitiveType, parsePrimitive, primitiveName } from '../src/primitives';

describe('[WSC-4.7-2] [WSC-4.3-5] parsePrimitive', () => {
  test.each<[PrimitiveType, string, unknown]>([
    [String, '', ''],
    [String, ' as it is ', ' as it is '],
    [Number, '42', 42],
    [Number, '-42', -42],
    [Number, '+42', 42],
    [Number, '007', 7],
    [Number, '3.25', 3.25],
    [Number, '.5', 0.5],
    [Number, '5.', 5],
    [Number, '1e3', 1000],
    [Number, '1.5E-3', 0.0015],
    [Number, ' 42\n', 42],
    [Number, '-0', -0],
    [Number, '1e400', Infinity],
    [Number, 'NaN', NaN],
    [Number, 'Infinity', Infinity],
    [Number, '+Infinity', Infinity],
    [Number, '-Infinity', -Infinity],
    [BigInt, '42', 42n],
    [BigInt, '-42', -42n],
    [BigInt, '+42', 42n],
    [BigInt, ' 42 ', 42n],
    [BigInt, '9007199254740993', 9007199254740993n],
    [Boolean, 'true', true],
    [Boolean, 'TRUE', true],
    [Boolean, 'True', true],
    [Boolean, 'false', false],
    [Boolean, '', false],
    [Boolean, 'yes', false],
    [Boolean, '1', false],
    [Boolean, ' true', false],
    [Char, 'x', 'x'],
    [Char, 'xyz', 'x'],
    [Char, ' x', ' '],
    [Char, '😀!', '😀'],
  ])('%p of %j is %p', (type, text, value) => {
    expect(parsePrimitive(type, text)).toBe(value);
  });

  test.each<[PrimitiveType, string, string]>([
    [Number, '', 'it is not a number'],
    [Number, ' ', 'it is not a number'],
    [Number, '12abc', 'it is not a number'],
    [Number, '0x10', 'it is not a number'],
    [Number, '0b1', 'it is not a number'],
    [Number, '1,5', 'it is not a number'],
    [Number, '1_000', 'it is not a number'],
    [Number, '1 2', 'it is not a number'],
    [Number, '.', 'it is not a number'],
    [Number, 'e5', 'it is not a number'],
    [Number, 'infinity', 'it is not a number'],
    [Number, 'null', 'it is not a number'],
    [Number, '٣', 'it is not a number'],
    [BigInt, '', 'it is not a whole number'],
    [BigInt, '1.5', 'it is not a whole number'],
    [BigInt, '1e3', 'it is not a whole number'],
    [BigInt, '0x10', 'it is not a whole number'],
    [BigInt, '42n', 'it is not a whole number'],
    [BigInt, '+-1', 'it is not a whole number'],
    [Char, '', 'it is empty'],
  ])('%p of %j is an error', (type, text, message) => {
    expect(() => parsePrimitive(type, text)).toThrow(new TypeError(message));
  });
});

test.each([[String], [Number], [Boolean], [BigInt], [Char]])('%p represents a Java primitive', (type) => {
  expect(isPrimitiveType(type)).toBe(true);
});

test.each([[Symbol], [Object], [Function], [Date], [Buffer], [{ kind: 'char' }], ['string'], [undefined], [null]])(
  '%p does not',
  (type) => {
    expect(isPrimitiveType(type)).toBe(false);
  },
);

test('primitives have names for messages', () => {
  expect([String, Number, Boolean, BigInt, Char].map(primitiveName)).toEqual([
    'String',
    'Number',
    'Boolean',
    'BigInt',
    'Char',
  ]);
});
