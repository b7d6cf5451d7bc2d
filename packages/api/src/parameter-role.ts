import type { AbstractClass, CharType, PrimitiveType, PrimitiveValue } from './class-type';
import type { CodecDeclaration } from './codec-declaration';
import type { MessageType } from './reply-schemas';
import type { Session } from './session';

const PATH_PARAM = Symbol.for('serval:path-param');

/** The role of a parameter that receives a URI template variable. {@link PathParam} creates it. */
export interface PathParamRole<T = unknown> {
  readonly [PATH_PARAM]: { readonly name: string; readonly type: PrimitiveType | undefined };
  /** Never present; carries `T` for the compiler. */
  readonly value?: T;
}

/**
 * The role of one parameter of a handler method, for a `params` list: a class (`Session`, `String`, `Buffer`, a decoded
 * class …), {@link Char}, a {@link PathParam}, or a decoder class, which stands for the object that it decodes.
 */
export type ParameterRole =
  AbstractClass<unknown> | PrimitiveType | PathParamRole | { readonly decodes: CodecDeclaration<unknown> };

/**
 * The role of a parameter of an `@OnMessage` method: any {@link ParameterRole} but a CloseReason and an EndpointConfig, which
 * the compiler recognises by a method.
 */
export type MessageRole = Exclude<ParameterRole, AbstractClass<unknown>> | (AbstractClass<unknown> & NoLifecycleClass);

interface NoLifecycleClass {
  // Every object has toString. With it, an object that has neither of the others fits.
  readonly prototype?: { toString(): string; readonly getCloseCode?: never; readonly getDecoders?: never };
}

/** The session as the argument of a handler: it fits every `Session<…>` that a method declares. */
export interface SessionArgument extends Session<never, never, never, never> {
  getOpenSessions(): ReadonlySet<SessionArgument>;
}

/** The type that a method's parameter must have for its role. */
export type ParameterValue<R> =
  R extends PathParamRole<infer T>
    ? T
    : R extends typeof Session
      ? SessionArgument
      : R extends StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor | CharType
        ? PrimitiveValue<R>
        : R extends BufferConstructor
          ? Buffer
          : R extends { readonly decodes: CodecDeclaration<infer T> }
            ? T
            : R extends AbstractClass<infer T>
              ? T
              : never;

/** The parameter types of a method, derived from its `params` list. */
export type ParameterValues<P extends readonly ParameterRole[]> = { -readonly [I in keyof P]: ParameterValue<P[I]> };

/** The parameter types of a method for one type of message: of a codec's union, the members of that type. */
export type TypedParameterValues<P extends readonly ParameterRole[], T extends MessageType> = {
  -readonly [I in keyof P]: P[I] extends { readonly decodes: CodecDeclaration<infer M> }
    ? MessageOfType<M, P[I] extends { readonly discriminator: infer D extends string } ? D : 'type', T>
    : ParameterValue<P[I]>;
};

/** The members of a union of messages that have the type; the whole, where the type of the messages says nothing. */
export type MessageOfType<M, D extends string, T extends MessageType> = unknown extends M
  ? M
  : [MembersOfType<M, D, T>] extends [never]
    ? NoMessageOfType<T>
    : MembersOfType<M, D, T>;

type MembersOfType<M, D extends string, T extends MessageType> = M extends { readonly [K in D]: infer V }
  ? T extends V
    ? M
    : never
  : never;

/** Never present: the compiler names it when no message of the schema has the type. */
export interface NoMessageOfType<T extends MessageType> {
  readonly 'no message has the type': T;
}

/** The name and type of a path parameter role, or undefined for any other role. */
export function pathParamOf(role: unknown): PathParamRole[typeof PATH_PARAM] | undefined {
  // Both functions and objects may have the key; only PathParam writes it.
  return Object(role) === role ? (role as Partial<PathParamRole>)[PATH_PARAM] : undefined;
}

/** Attaches a path parameter role to a parameter decorator. */
export function withPathParam<D extends object, T>(
  decorator: D,
  name: string,
  type: PrimitiveType | undefined,
): D & PathParamRole<T> {
  return Object.defineProperty(decorator, PATH_PARAM, { value: Object.freeze({ name, type }) }) as D & PathParamRole<T>;
}
