/** A class, abstract or not, as a value. */
export type AbstractClass<T = object> = abstract new (...args: never[]) => T;

/** A class that the container instantiates without arguments. */
export type Class<T = object> = new () => T;

/**
 * An endpoint class. Its constructor may take arguments if a configurator or an instance factory creates the instance.
 */
export type EndpointClass<T = object> = new (...args: never[]) => T;

/**
 * Stands for Java's `char` in a parameter list: the parameter receives the first character of the text.
 *
 * @example
 * @OnMessage({ params: [Char] }) key(key: string) {}
 * @OnOpen open(@PathParam('grade', Char) grade: string) {}
 */
export const Char = Object.freeze({ kind: 'char' } as const);
export type CharType = typeof Char;

/** The types that stand for Java's primitives and their boxes. */
export type PrimitiveType = StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor | CharType;

/** The type of the value that a {@link PrimitiveType} produces. */
export type PrimitiveValue<P extends PrimitiveType> = P extends StringConstructor | CharType
  ? string
  : P extends NumberConstructor
    ? number
    : P extends BooleanConstructor
      ? boolean
      : P extends BigIntConstructor
        ? bigint
        : never;
