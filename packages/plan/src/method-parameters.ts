import { Char, DeploymentException, type AbstractClass, type ParameterRole, type PrimitiveType } from '@serval/api';
import {
  emittedParameterTypes,
  lostMetadata,
  ownClass,
  pathParamOf,
  readClassRecord,
  type HandlerRecord,
} from '@serval/api/spi';
import { isPrimitiveType } from './primitives';
import { readSignature, type ParameterForm } from './signature';

/** An annotated method and where it stands. */
export interface DeclaredMethod {
  /** `Chat.say`, for messages. */
  readonly label: string;
  /** `@OnMessage`, for messages. */
  readonly annotation: string;
  readonly record: HandlerRecord;
  readonly declaredIn: AbstractClass;
}

/** The declaration of one parameter. `position` counts from 1. */
export type DeclaredParameter =
  | { readonly kind: 'path'; readonly position: number; readonly name: string; readonly type: PrimitiveType }
  | { readonly kind: 'typed'; readonly position: number; readonly type: ParameterRole }
  /** The compiler emitted a type that says nothing (Object, Function, an enum's object), or none. */
  | {
      readonly kind: 'erased';
      readonly position: number;
      readonly found: string;
      /** Whether it is a plain parameter of a method without any types: only such a one may have a default role. */
      readonly isUntyped: boolean;
    };

/**
 * Reads the parameters of a method: from its `params` list, else from parameter decorators, else from the metadata that
 * the compiler emits.
 */
export function readParameters(method: DeclaredMethod): readonly DeclaredParameter[] {
  const { record, declaredIn } = method;
  const prototype = declaredIn.prototype as object;
  if (record.params !== undefined) return fromParams(method, record.params, declaredLength(prototype, record.method));
  // A Session of another copy of the package is a Session.
  const types = emittedParameterTypes(prototype, record.method)?.map(ownClass);
  const decorated = (readClassRecord(declaredIn)?.parameters ?? []).filter(
    ({ method: name }) => name === record.method,
  );
  const written = readSignature(prototype, record.method) ?? [];
  // Another number of types belongs to a method that is not what was compiled.
  const forms = types === undefined || types.length === written.length ? written : [];
  const length = Math.max(
    types?.length ?? Math.max(declaredLength(prototype, record.method), forms.length),
    ...decorated.map(({ index }) => index + 1),
  );
  return Array.from({ length }, (_, index): DeclaredParameter => {
    const position = index + 1;
    const form = forms[index] ?? 'plain';
    const emitted = types === undefined ? NO_TYPES : { type: types[index], form };
    const path = decorated.find((parameter) => parameter.index === index)?.role;
    if (path !== undefined)
      return pathParameter(method, position, path.name, path.type ?? pathType(method, position, path.name, emitted));
    if (emitted !== NO_TYPES && form !== 'rest' && isClass(emitted.type))
      return { kind: 'typed', position, type: emitted.type };
    const isUntyped = emitted === NO_TYPES && form === 'plain';
    return { kind: 'erased', position, found: foundType(emitted, form), isUntyped };
  });
}

/** The type that the compiler emitted for a parameter, and how the parameter is written. */
interface EmittedType {
  readonly type: unknown;
  readonly form: ParameterForm;
}

/** For a method for which the compiler emitted no types at all. */
const NO_TYPES = Symbol('no types');

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
  return params.map((role, index) => fromRole(method, ownClass(role), index + 1));
}

function fromRole(method: DeclaredMethod, role: unknown, position: number): DeclaredParameter {
  const path = pathParamOf(role);
  if (path !== undefined) return pathParameter(method, position, path.name, ownClass(path.type ?? String));
  const isRole = (typeof role === 'function' && role.prototype !== undefined) || role === Char;
  if (!isRole || role === Object || role === Function) {
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
  emitted: EmittedType | typeof NO_TYPES,
): PrimitiveType {
  if (emitted === NO_TYPES) return String;
  if (emitted.form !== 'rest' && isPrimitiveType(emitted.type)) return emitted.type;
  throw badPathType(method, position, name, foundType(emitted, emitted.form));
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

/** Whether a type is one that says something: neither what stands for no class, nor an object such as an enum. */
function isClass(type: unknown): type is AbstractClass {
  return typeof type === 'function' && type !== Object && type !== Function;
}

function foundType(emitted: EmittedType | typeof NO_TYPES, form: ParameterForm): string {
  if (form === 'rest') return 'not known: it is a rest parameter, of which each compiler leaves another type';
  if (emitted === NO_TYPES) {
    return form === 'default'
      ? 'not known: it has a default value, and the compiler emits no types'
      : `not known: ${lostMetadata() ?? 'standard decorators, or a compiler that emits no types'}`;
  }
  const { type } = emitted;
  if (isClass(type)) return typeName(type);
  if (form === 'default') return 'not known: it has a default value, and no declared type that exists at run time';
  if (type === undefined || type === null) return 'undefined (a circular import, or a default value without a type)';
  // tsc emits Function for a class that only its type was imported of, Object for what is no class.
  if (type === Function)
    return 'Function (a class imported with "import type", or "type" before its name: drop that word)';
  if (type !== Object)
    return `${objectOf(type)}, which is no class: compilers leave it for an enum, or for a constant of the type's name`;
  return 'Object (an interface, a union, a type alias, or a class imported with "import type")';
}

/** `an object { Red, Green }` */
function objectOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  // A numeric enum has its names twice, once as values of its numbers.
  const names = Object.keys(value).filter((name) => !/^-?\d/.test(name));
  const shown = names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES), '…'] : names;
  return `the object { ${shown.join(', ')} }`;
}

const MOST_NAMES = 4;

/** Whether it is a class that every program has, such as Event, and that a type of the same name may have become. */
export function isGlobalClass(type: unknown): boolean {
  if (typeof type !== 'function' || type === Array || type === Promise) return false;
  return (globalThis as Record<string, unknown>)[type.name] === type;
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
