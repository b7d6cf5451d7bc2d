import type { AbstractClass } from './class-type';

const MAX_TEXT = 60;

/**
 * Describes a value for the "found …" part of a message: `undefined`, `"text"`, `5`, `an array`, `an object of class
 * Date`. Never throws, shows at most 60 characters of a string, and does not show the contents of an object.
 */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return describeFunction(value);
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

/** Like {@link describeValue}, but does not show the text of a string, which may be a key or a password. */
export function describeKind(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}

function describeFunction(value: unknown): string {
  const name = read(value, 'name');
  const isClass = /^class\b/.test(sourceOf(value));
  const noun = isClass ? 'class' : 'function';
  return typeof name === 'string' && name !== '' ? `the ${noun} ${name}` : `a ${noun}`;
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return 'an array';
  } catch {
    return 'a revoked proxy';
  }
  const name = read(read(value, 'constructor'), 'name');
  return name === 'Object' || typeof name !== 'string' || name === '' ? 'an object' : `an object of class ${name}`;
}

/** A getter, or a proxy, may throw. */
function read(value: unknown, member: 'constructor' | 'name'): unknown {
  try {
    return (value as Partial<Record<typeof member, unknown>> | undefined)?.[member];
  } catch {
    return undefined;
  }
}

function sourceOf(value: unknown): string {
  try {
    return Function.prototype.toString.call(value);
  } catch {
    return '';
  }
}

/** The name of a class, for messages. For an anonymous class it is the name of the nearest ancestor that has one. */
export function classNameOf(target: AbstractClass): string {
  for (
    let at: unknown = target;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    if (at.name !== '') return at.name;
  }
  return '(anonymous class)';
}
