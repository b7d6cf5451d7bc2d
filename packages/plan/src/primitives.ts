import { Char, type PrimitiveType } from '@serval/api';

// The texts that Java's Double.valueOf accepts, without hexadecimal numbers and type suffixes.
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

/** Whether a class or marker stands for one of Java's primitives. */
export function isPrimitiveType(type: unknown): type is PrimitiveType {
  return type === String || type === Number || type === Boolean || type === BigInt || type === Char;
}

/**
 * Makes a value of a text, with the results of Java's one-argument constructors: `Number('12abc')` is an error, a boolean
 * is true for "true" in any case and false for all else, a char is the first character.
 *
 * @throws TypeError when the text is not such a value
 * @see WSC-4.3-5, WSC-4.7-2
 */
export function parsePrimitive(type: PrimitiveType, text: string): string | number | boolean | bigint {
  if (type === String) return text;
  if (type === Boolean) return text.toLowerCase() === 'true';
  if (type === Number) return parseNumber(text.trim());
  if (type === BigInt) {
    const digits = text.trim();
    if (!INTEGER.test(digits)) throw new TypeError('it is not a whole number');
    return BigInt(digits.replace(/^\+/, ''));
  }
  const [first] = text;
  if (first === undefined) throw new TypeError('it is empty');
  return first;
}

function parseNumber(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  const special = SPECIAL_NUMBERS.get(text);
  if (special === undefined) throw new TypeError('it is not a number');
  return special;
}

const SPECIAL_NUMBERS = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['+Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** The name that error messages use. */
export function primitiveName(type: PrimitiveType): string {
  return type === Char ? 'Char' : (type as { readonly name: string }).name;
}
