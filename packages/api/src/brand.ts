import { Char, type AbstractClass } from './class-type';

/** Our own classes by name, to find the one that a class of another copy stands for. */
const OWN_CLASSES = new Map<string, AbstractClass<unknown>>();
/** Under this key a prototype has the name of its class. */
const NAME = Symbol.for('serval:class');

/**
 * Two copies of this package may meet in one process: two versions, or the source and a bundle. A brand makes `instanceof`
 * true for the objects of both.
 *
 * The classes that extend a branded one keep the usual `instanceof`.
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

/** Our own class where the value is that of another copy; else the value itself. */
export function ownClass(value: unknown): unknown {
  if (isChar(value)) return Char;
  if (typeof value !== 'function') return value;
  const prototype: unknown = value.prototype;
  if (typeof prototype !== 'object' || prototype === null || !Object.hasOwn(prototype, NAME)) return value;
  return OWN_CLASSES.get(String((prototype as Record<symbol, unknown>)[NAME])) ?? value;
}

/**
 * Whether a class has its method from the branded class, of whichever copy, and not from itself or a class between.
 */
export function inheritsFrom(name: string, prototype: object, method: string): boolean {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner === null || Object.hasOwn(owner, brandKey(name));
}

/** A marker and no class, frozen by whichever copy has made it. */
function isChar(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === Char.kind && Object.isFrozen(value)
  );
}

function brandKey(name: string): symbol {
  return Symbol.for(`serval:${name}`);
}

/** A prototype has its own brand, but is no object of its class. */
function hasBrand(value: unknown, key: symbol): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return key in value && !Object.hasOwn(value, key);
  } catch {
    // A proxy may throw; the code that caught it must still be able to look at it.
    return false;
  }
}
