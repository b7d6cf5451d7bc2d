import type { AbstractClass, CharType, PrimitiveType, PrimitiveValue } from './class-type';
import type { CodecDeclaration } from './codec-declaration';

const PATH_PARAM = Symbol.for('serval:path-param');

/** A URI template's variable as a parameter's role; {@link PathParam} makes it. */
export interface PathParamRole<T = unknown> {
  readonly [PATH_PARAM]: { readonly name: string; readonly type: PrimitiveType | undefined };
  /** Never present; carries `T` for the compiler. */
  readonly value?: T;
}

/**
 * What one parameter of a handler method stands for, in a `params` list: a class (`Session`, `String`, `Buffer`, a
 * decoded class …), {@link Char}, a {@link PathParam}, or a decoder class for what it decodes.
 */
export type ParameterRole =
  AbstractClass<unknown> | PrimitiveType | PathParamRole | { readonly decodes: CodecDeclaration<unknown> };

/** The type that a method's parameter must have to take what its role gives. */
export type ParameterValue<R> =
  R extends PathParamRole<infer T>
    ? T
    : R extends StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor | CharType
      ? PrimitiveValue<R>
      : R extends BufferConstructor
        ? Buffer
        : R extends { readonly decodes: CodecDeclaration<infer T> }
          ? T
          : R extends AbstractClass<infer T>
            ? T
            : never;

/** The parameter types of a method, by its `params` list. */
export type ParameterValues<P extends readonly ParameterRole[]> = { -readonly [I in keyof P]: ParameterValue<P[I]> };

/** What a role says about a path parameter, or undefined when the role is another one. */
export function pathParamOf(role: unknown): PathParamRole[typeof PATH_PARAM] | undefined {
  // Functions and objects may both carry the key; only PathParam writes it.
  return Object(role) === role ? (role as Partial<PathParamRole>)[PATH_PARAM] : undefined;
}

/** Marks a parameter decorator with the role it stands for. */
export function withPathParam<D extends object, T>(
  decorator: D,
  name: string,
  type: PrimitiveType | undefined,
): D & PathParamRole<T> {
  return Object.defineProperty(decorator, PATH_PARAM, { value: Object.freeze({ name, type }) }) as D & PathParamRole<T>;
}
