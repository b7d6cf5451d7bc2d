/** `Double.toString` of Java: at least one digit behind the point, and an exponent below 10^-3 and from 10^7 on. */
export function doubleToString(value: number): string {
  // With two digits at least, the closest: Double.MIN_VALUE is 4.9E-324, where JavaScript says 5e-324.
  const shortest = value.toExponential();
  return format(value, shortest.includes('.') ? shortest : value.toExponential(1));
}

/** `Float.toString` of Java: the fewest digits that tell the float from its neighbours. */
export function floatToString(value: number): string {
  const float = Math.fround(value);
  let digits = 1;
  while (digits < 8 && Math.fround(Number(float.toExponential(digits))) !== float) digits += 1;
  return format(float, float.toExponential(digits));
}

/** @param exponential the digits of the value, as `toExponential` writes them */
function format(value: number, exponential: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponent = '0'] = exponential.split('e');
  if (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e7) return `${withPoint(mantissa)}E${Number(exponent)}`;
  // In this range JavaScript writes the shortest decimal of a number without an exponent.
  return withPoint(String(Number(exponential)));
}

function withPoint(decimal: string): string {
  return decimal.includes('.') ? decimal : `${decimal}.0`;
}
