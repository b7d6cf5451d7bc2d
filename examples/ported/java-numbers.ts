// Reads and writes numbers as Java does: both ends of the wire may be Java.

/** Thrown when Java would throw a NumberFormatException. */
export class NumberFormatError extends Error {
  constructor(kind: string, text: string | undefined) {
    super(`${kind} was expected; found ${JSON.stringify(text)}.`);
  }
}

/** `Integer.parseInt`: a sign, digits, 32 bits. @throws NumberFormatError */
export function parseInt32(text: string | undefined): number {
  const value = parseWhole(text, 32);
  if (value === undefined) throw new NumberFormatError('A whole number of 32 bits', text);
  return Number(value);
}

/** `Long.parseLong`: a sign, digits, 64 bits, more than a number holds exactly. @throws NumberFormatError */
export function parseInt64(text: string | undefined): bigint {
  const value = parseWhole(text, 64);
  if (value === undefined) throw new NumberFormatError('A whole number of 64 bits', text);
  return value;
}

/** `Double.parseDouble` for decimal numbers; Java's `0x1p3` and `1.5f` are refused. @throws NumberFormatError */
export function parseDouble(text: string | undefined): number {
  const found = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity|NaN)$/.exec(text?.trim() ?? '');
  if (found === null) throw new NumberFormatError('A number', text);
  return Number(found[0]);
}

/** `String.valueOf(double)`: always with a decimal point, with an exponent below 0.001 and from 10,000,000 on. */
export function formatDouble(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return String(value);
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return withPoint(String(value));
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${withPoint(digits)}E${Number(exponent)}`;
}

function parseWhole(text: string | undefined, bits: number): bigint | undefined {
  // The length check comes first, so that a text that is too long costs nothing.
  const [, sign, digits] = /^([+-]?)0*(\d{1,19})$/.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(`${sign === '-' ? '-' : ''}${digits}`);
  return BigInt.asIntN(bits, value) === value ? value : undefined;
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`;
}
