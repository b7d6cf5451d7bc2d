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
  [null],
  [{}],
];

/** As an object of options, or inside of one. */
export const PROXIES: readonly unknown[] = [revoked(), throwing()];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Every question about it throws. */
function throwing(): object {
  const refuse = (): never => {
    throw new TypeError('hostile');
  };
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse });
}

/** An object that may hold options: `{}` and its like, but no list and no built-in one. */
export function isPlain(value: unknown): value is object {
  try {
    return Object.prototype.toString.call(value) === '[object Object]' && Object.keys(value as object).length >= 0;
  } catch {
    return false;
  }
}

export function isEmptyPlain(value: unknown): boolean {
  return isPlain(value) && Object.keys(value).length === 0;
}

export function isEmptyList(value: unknown): boolean {
  return isList(value) && value.length === 0;
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** For titles and failures; not every hostile value becomes text by itself. */
export function label(value: unknown): string {
  if (typeof value === 'function') return value.toString().startsWith('class') ? 'a class' : 'a function';
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `"${value}"` : String(value);
  if (isList(value)) return JSON.stringify(value);
  if (!isPlain(value)) return PROXIES.includes(value) ? 'a proxy' : 'a Date or a Map';
  if (Object.getPrototypeOf(value) === null) return 'an object without prototype';
  return 'toString' in value && typeof value.toString !== 'function' ? 'an object without toString' : '{}';
}
