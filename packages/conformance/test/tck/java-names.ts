import { Char } from 'serval';

/** The package that all classes of the TCK lie in. */
const TCK = 'ee.jakarta.tck.websocket';

// A class, abstract ones and `Char` included. WeakMap: a class that is gone needs no name.
type Named = object;

const NAMES = new WeakMap<Named, string>([
  [String, 'java.lang.String'],
  [Boolean, 'java.lang.Boolean'],
  [Number, 'java.lang.Double'],
  [BigInt, 'java.lang.Long'],
  [Char, 'java.lang.Character'],
  [Error, 'java.lang.Exception'],
]);

/**
 * Gives a class its name in Java.
 *
 * @param name the full name, such as `jakarta.websocket.PongMessage`
 *
 * @example
 * `@JavaName('ee.jakarta.tck.websocket.common.stringbean.StringBean')`
 * class StringBean {}
 */
export function JavaName(name: string): (named: Named) => void {
  return (named) => void NAMES.set(named, name);
}

/**
 * Gives a class the name in Java that its own name has in a package of the TCK.
 *
 * @param tckPackage the package below `ee.jakarta.tck.websocket`, such as `ee.coder`
 */
export function JavaPackage(tckPackage: string): (named: Named & { readonly name: string }) => void {
  return (named) => void NAMES.set(named, `${TCK}.${tckPackage}.${named.name}`);
}

/**
 * The full name in Java of a class: what `SomeClass.class.getName()` says there.
 *
 * @throws Error for a class that has been given none; a superclass's name does not count
 */
export function javaName(named: Named & { readonly name?: string }): string {
  const name = NAMES.get(named);
  if (name === undefined) throw new Error(`javaName: ${named.name ?? 'this'} has no @JavaName and no @JavaPackage.`);
  return name;
}
