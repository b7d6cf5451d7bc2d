/** One value of each kind that a program may pass by mistake. */
export const HOSTILE: readonly unknown[] = [
  null,
  {},
  [],
  true,
  5,
  -1,
  1.5,
  NaN,
  Infinity,
  2n,
  Symbol('s'),
  'text',
  '',
  (): undefined => undefined,
  class Wrong {},
  Object.create(null),
  new Date(0),
  new Map(),
  { toString: 5, valueOf: 5 },
];

/** For titles and failures; not every hostile value becomes text by itself. */
export function label(value: unknown): string {
  if (typeof value === 'function') return value.toString().startsWith('class') ? 'a class' : 'a function';
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `"${value}"` : String(value);
  if (Array.isArray(value)) return '[]';
  if (value instanceof Date) return 'a Date';
  if (value instanceof Map) return 'a Map';
  if (Object.getPrototypeOf(value) === null) return 'an object without prototype';
  return 'toString' in value && typeof value.toString !== 'function' ? 'an object without toString' : '{}';
}
