/** A class, abstract or not, as a value. */
export type AbstractClass<T = object> = abstract new (...args: never[]) => T;

/** A class that the container makes instances of without arguments. */
export type Class<T = object> = new () => T;

/**
 * A class without a no-argument constructor is welcome where a configurator or an instance factory makes the instance.
 */
export type EndpointClass<T = object> = new (...args: never[]) => T;

/**
 * Asks for Java's `char` in a parameter list: the first character of the text.
 *
 * @example
 * @OnMessage({ params: [Char] }) key(key: string) {}
 * @OnOpen open(@PathParam('grade', Char) grade: string) {}
 */
export const Char = Object.freeze({ kind: 'char' } as const);
export type CharType = typeof Char;

/** The types that stand for Java's primitives and their boxes. */
export type PrimitiveType = StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor | CharType;

/** The value that a {@link PrimitiveType} gives. */
export type PrimitiveValue<P extends PrimitiveType> = P extends StringConstructor | CharType
  ? string
  : P extends NumberConstructor
    ? number
    : P extends BooleanConstructor
      ? boolean
      : P extends BigIntConstructor
        ? bigint
        : never;
