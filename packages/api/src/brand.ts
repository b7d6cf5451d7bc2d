import { Char, type AbstractClass } from './class-type';

/** This copy's classes by name, to find the counterpart of a class from another copy. */
const OWN_CLASSES = new Map<string, AbstractClass<unknown>>();
/** A prototype holds the name of its class under this key. */
const NAME = Symbol.for('serval:class');

/**
 * Makes `instanceof` true for the objects of every copy of this package in the process: two versions, or the source and
 * a bundle. Classes that extend a branded class keep the usual `instanceof`.
 */
export function brand(target: AbstractClass<unknown>, name: string): void {
  const key = brandKey(name);
  OWN_CLASSES.set(name, target);
  Object.defineProperties(target.prototype, { [key]: { value: true }, [NAME]: { value: name } });
  Object.defineProperty(target, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      return this === target ? hasBrand(value, key) : Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
}

/** This copy's class if the value is the same class from another copy; otherwise the value itself. */
export function ownClass(value: unknown): unknown {
  if (isChar(value)) return Char;
  if (typeof value !== 'function') return value;
  const prototype: unknown = value.prototype;
  if (typeof prototype !== 'object' || prototype === null || !Object.hasOwn(prototype, NAME)) return value;
  return OWN_CLASSES.get(String((prototype as Record<symbol, unknown>)[NAME])) ?? value;
}

/**
 * Whether a class inherits the method from the branded class, in any copy, and no class in between overrides it.
 */
export function inheritsFrom(name: string, prototype: object, method: string): boolean {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner === null || Object.hasOwn(owner, brandKey(name));
}

/** `Char` is a frozen marker object, not a class; each copy has its own. */
function isChar(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === Char.kind && Object.isFrozen(value)
  );
}

function brandKey(name: string): symbol {
  return Symbol.for(`serval:${name}`);
}

/** A prototype has its own brand but is not an instance of its class. */
function hasBrand(value: unknown, key: symbol): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return key in value && !Object.hasOwn(value, key);
  } catch {
    // A proxy may throw; `instanceof` must not.
    return false;
  }
}
