import { Char, DeploymentException, type AbstractClass, type ParameterRole, type PrimitiveType } from '@serval/api';
import { pathParamOf, readClassRecord, type HandlerRecord } from '@serval/api/spi';
import { isPrimitiveType } from './primitives';

/** An annotated method and where it stands. */
export interface DeclaredMethod {
  /** `Chat.say`, for messages. */
  readonly label: string;
  /** `@OnMessage`, for messages. */
  readonly annotation: string;
  readonly record: HandlerRecord;
  readonly declaredIn: AbstractClass;
}

/** What was declared of one parameter. `position` counts from 1. */
export type DeclaredParameter =
  | { readonly kind: 'path'; readonly position: number; readonly name: string; readonly type: PrimitiveType }
  | { readonly kind: 'typed'; readonly position: number; readonly type: ParameterRole }
  /** The compiler has left nothing, or a type that says nothing (Object, Function). */
  | { readonly kind: 'erased'; readonly position: number; readonly found: string };

/**
 * What is known of each parameter of a method: by its `params` list, else by parameter decorators, else by the metadata
 * that the compiler emits, else nothing.
 */
export function readParameters(method: DeclaredMethod): readonly DeclaredParameter[] {
  const { record, declaredIn } = method;
  const prototype = declaredIn.prototype as object;
  if (record.params !== undefined) return fromParams(method, record.params, declaredLength(prototype, record.method));
  const types = Reflect.getOwnMetadata('design:paramtypes', prototype, record.method) as readonly unknown[] | undefined;
  const decorated = (readClassRecord(declaredIn)?.parameters ?? []).filter(
    ({ method: name }) => name === record.method,
  );
  const length = Math.max(
    types?.length ?? declaredLength(prototype, record.method),
    ...decorated.map(({ index }) => index + 1),
  );
  return Array.from({ length }, (_, index): DeclaredParameter => {
    const position = index + 1;
    const emitted = types?.[index];
    const path = decorated.find((parameter) => parameter.index === index)?.role;
    if (path !== undefined)
      return pathParameter(
        method,
        position,
        path.name,
        path.type ?? pathType(method, position, path.name, emitted, types),
      );
    if (isErased(emitted)) return { kind: 'erased', position, found: foundType(emitted, types) };
    // The compiler emits constructors only.
    return { kind: 'typed', position, type: emitted as AbstractClass };
  });
}

function fromParams(method: DeclaredMethod, params: unknown, length: number): readonly DeclaredParameter[] {
  if (!Array.isArray(params)) {
    throw new DeploymentException(
      `${method.label}: params is a list of roles, such as [String, Session]; found ${typeName(params)}.`,
      undefined,
      'WS_DEPLOY_BAD_PARAMETER',
    );
  }
  // The compiler checks this where types are checked; esbuild and tsx do not check any.
  if (params.length < length) {
    throw badParameter(method, params.length + 1, `has no role: params names ${params.length} of ${length}. Name all.`);
  }
  return params.map((role, index) => fromRole(method, role, index + 1));
}

function fromRole(method: DeclaredMethod, role: unknown, position: number): DeclaredParameter {
  const path = pathParamOf(role);
  if (path !== undefined) return pathParameter(method, position, path.name, path.type ?? String);
  const isRole = (typeof role === 'function' && role.prototype !== undefined) || role === Char;
  if (!isRole || isErased(role)) {
    throw badParameter(
      method,
      position,
      `has a role that says nothing: ${String(role)}. A params list holds classes (Session, String, Buffer …), Char, ` +
        'PathParam(…) and decoder classes; a class that is undefined here is often a circular import.',
    );
  }
  return { kind: 'typed', position, type: role as ParameterRole };
}

function pathParameter(method: DeclaredMethod, position: number, name: unknown, type: unknown): DeclaredParameter {
  if (typeof name !== 'string' || name === '') {
    throw badParameter(method, position, 'has a @PathParam without a name; say @PathParam("room") (WSC-4.3-2).');
  }
  if (!isPrimitiveType(type)) throw badPathType(method, position, name, typeName(type));
  return { kind: 'path', position, name, type };
}

/** The type to convert a path parameter to, by the metadata; a string where there is none at all. */
function pathType(
  method: DeclaredMethod,
  position: number,
  name: string,
  emitted: unknown,
  types: readonly unknown[] | undefined,
): PrimitiveType {
  if (types === undefined) return String;
  if (isPrimitiveType(emitted)) return emitted;
  throw badPathType(method, position, name, foundType(emitted, types));
}

function badPathType(method: DeclaredMethod, position: number, name: string, found: string): DeploymentException {
  return badParameter(
    method,
    position,
    `is a path parameter "${name}" of type ${found}; ` +
      `declare it as string, number, boolean or bigint, or name the type: @PathParam(${JSON.stringify(name)}, String), ` +
      'or Number, Boolean, BigInt; the parameter may then be "string | null" (WSC-4.3-1).',
  );
}

function declaredLength(prototype: object, method: string | symbol): number {
  const value: unknown = Object.getOwnPropertyDescriptor(prototype, method)?.value;
  return typeof value === 'function' ? value.length : 0;
}

/** Types that the compiler emits for what has no class at run time. */
function isErased(type: unknown): boolean {
  return type === undefined || type === null || type === Object || type === Function;
}

function foundType(emitted: unknown, types: readonly unknown[] | undefined): string {
  if (types === undefined) return 'not known: standard decorators, or a compiler that emits no types';
  if (emitted === undefined) return 'undefined (a circular import)';
  // What TypeScript emits: Function for a class that only its type was imported of, Object for what is no class.
  if (emitted === Function)
    return 'Function (a class imported with "import type", or "type" before its name: drop that word)';
  return `${typeName(emitted)} (an interface, a union, or a class imported with "import type")`;
}

export function typeName(type: unknown): string {
  if (type === Char) return 'Char';
  return typeof type === 'function' && type.name !== '' ? type.name : String(type);
}

/** A DeploymentException about one parameter: `Chat.say: parameter 2 …`. */
export function badParameter(method: DeclaredMethod, position: number, what: string): DeploymentException {
  return new DeploymentException(
    `${method.label}: parameter ${position} ${what}`,
    undefined,
    'WS_DEPLOY_BAD_PARAMETER',
  );
}
