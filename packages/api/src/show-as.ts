const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Shows the objects of a class in one line in `console.log`, `util.inspect` and JSON, and so in every log. Their contents
 * stay hidden: they are long, and may include passwords, cookies and tokens.
 *
 * @param describe must not show a secret; if it throws, only the name of the class appears
 */
export function showAs<T>(target: { readonly prototype: T }, name: string, describe: (object: T) => string): void {
  const show = {
    configurable: true,
    writable: true,
    value(this: T): string {
      try {
        return `${name} [${describe(this)}]`;
      } catch {
        // The prototype itself, or an object whose constructor has not finished.
        return name;
      }
    },
  };
  Object.defineProperties(Object(target.prototype) as object, { [INSPECT]: show, toJSON: show });
}
