import { classRecordOf, type EndpointDecorator } from './annotations';
import type { ClassRecord } from './class-record';
import { readClassRecord } from './class-record';
import type { AbstractClass } from './class-type';
import { isListOfNames, TRANSPORTS, type SecurityConstraint, type TransportGuaranteeName } from './security-constraint';

/**
 * Lets only users with one of the roles open an endpoint; others get 403, clients without a user 401. `'**'` stands for
 * any user. A subclass has the roles of its superclass unless it has an annotation itself.
 *
 * @example
 * @RolesAllowed('trader', 'admin')
 * @ServerEndpoint('/orders')
 * class Orders {}
 *
 * @see WSC-8
 */
export function RolesAllowed(...roles: readonly [string, ...string[]]): EndpointDecorator {
  if (roles.length === 0 || !isListOfNames(roles))
    throw new TypeError(
      '@RolesAllowed takes the names of roles, such as @RolesAllowed("admin"); @DenyAll lets nobody in.',
    );
  return (target, context) => setAccess('RolesAllowed', target, context, roles);
}

/** Lets everybody open an endpoint, also where its superclass does not. Write it bare or call it. @see WSC-8 */
export function PermitAll(target: AbstractClass, context?: ClassDecoratorContext): void;
export function PermitAll(): EndpointDecorator;
export function PermitAll(target?: AbstractClass, context?: ClassDecoratorContext): EndpointDecorator | undefined {
  return bareOrCalled('PermitAll', 'everybody', target, context);
}

/** Lets nobody open an endpoint: every handshake gets 403. Write it bare or call it. @see WSC-8 */
export function DenyAll(target: AbstractClass, context?: ClassDecoratorContext): void;
export function DenyAll(): EndpointDecorator;
export function DenyAll(target?: AbstractClass, context?: ClassDecoratorContext): EndpointDecorator | undefined {
  return bareOrCalled('DenyAll', [], target, context);
}

/**
 * Lets only `wss:` connections open an endpoint; others get 403. Behind a trusted proxy, the client's connection counts.
 *
 * @see WSC-8, and `transport-guarantee` of the Servlet specification
 */
export function TransportGuarantee(value: TransportGuaranteeName): EndpointDecorator {
  if (!TRANSPORTS.has(value)) throw new TypeError("@TransportGuarantee takes 'NONE', 'INTEGRAL' or 'CONFIDENTIAL'.");
  return (target, context) => {
    recordFor('TransportGuarantee', target, context).transportGuarantee = value;
  };
}

function bareOrCalled(
  name: string,
  access: NonNullable<ClassRecord['access']>,
  target: AbstractClass | undefined,
  context: ClassDecoratorContext | undefined,
): EndpointDecorator | undefined {
  if (target === undefined) return (called, calledContext) => setAccess(name, called, calledContext, access);
  setAccess(name, target, context, access);
  return undefined;
}

function setAccess(
  name: string,
  target: AbstractClass,
  context: ClassDecoratorContext | undefined,
  access: NonNullable<ClassRecord['access']>,
): void {
  const record = recordFor(name, target, context);
  if (record.access !== undefined)
    throw new TypeError(`@${name}: a class has at most one of @RolesAllowed, @PermitAll and @DenyAll.`);
  record.access = access;
}

function recordFor(name: string, target: AbstractClass, context: ClassDecoratorContext | undefined): ClassRecord {
  // On a method it would protect nothing: an endpoint is protected as a whole.
  const isClass =
    typeof target === 'function' && (context === undefined || (context as { kind?: unknown }).kind === 'class');
  if (!isClass) throw new TypeError(`@${name} decorates an endpoint class.`);
  return classRecordOf(target, context);
}

/** The constraint that the annotations of a class state, including those of its superclasses; undefined for none. */
export function readSecurity(target: AbstractClass): SecurityConstraint | undefined {
  let access: ClassRecord['access'];
  let transportGuarantee: TransportGuaranteeName | undefined;
  for (
    let at: unknown = target;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    // A class extends only classes.
    const record = readClassRecord(at as unknown as AbstractClass);
    access ??= record?.access;
    transportGuarantee ??= record?.transportGuarantee;
  }
  if (access === undefined && transportGuarantee === undefined) return undefined;
  return { rolesAllowed: access === 'everybody' ? undefined : access, transportGuarantee };
}
