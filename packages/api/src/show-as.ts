const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Shows the objects of a class in one line, in `console.log`, `util.inspect` and JSON, and so in every log. What is inside
 * them is nobody's business there: it is long, and may hold passwords, cookies and tokens.
 *
 * @param describe never shows a secret; where it throws, only the name of the class is shown
 */
export function showAs<T>(target: { readonly prototype: T }, name: string, describe: (object: T) => string): void {
  const show = {
    configurable: true,
    writable: true,
    value(this: T): string {
      try {
        return `${name} [${describe(this)}]`;
      } catch {
        // The prototype itself, or an object that is still being made.
        return name;
      }
    },
  };
  Object.defineProperties(Object(target.prototype) as object, { [INSPECT]: show, toJSON: show });
}
