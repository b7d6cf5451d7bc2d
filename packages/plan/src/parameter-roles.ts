import {
  CloseReason,
  DeploymentException,
  EndpointConfig,
  ServerEndpointConfig,
  ClientEndpointConfig,
  Session,
  type ParameterRole,
  type PrimitiveType,
} from '@serval/api';
import type { HandlerKind } from '@serval/api/spi';
import type { CodecPlan } from './codec-plan';
import { NO_DECODER, planPayload, planUntypedPayload, type PayloadPlan, type PayloadType } from './payload-plan';
import { readSignature } from './signature';
import {
  badParameter,
  isGlobalClass,
  typeName,
  type DeclaredMethod,
  type DeclaredParameter,
} from './method-parameters';

/** The argument that a parameter receives. `payload` is the message, the close reason or the error. */
export type AssignedRole =
  | { readonly kind: 'session' }
  | { readonly kind: 'config' }
  | { readonly kind: 'payload' }
  | { readonly kind: 'last' }
  | { readonly kind: 'path'; readonly name: string; readonly type: PrimitiveType };

type LifecycleKind = Exclude<HandlerKind, 'message'>;

const PERMITTED: { readonly [K in LifecycleKind]: string } = {
  open: 'a Session, an EndpointConfig and @PathParam parameters (WSC-4.4)',
  close: 'a Session, a CloseReason and @PathParam parameters (WSC-4.5)',
  error: 'an Error, and optionally a Session and @PathParam parameters (WSC-4.6)',
};

/** The roles of an `@OnOpen`, `@OnClose` or `@OnError` method's parameters. */
export function assignRoles(
  kind: LifecycleKind,
  method: DeclaredMethod,
  parameters: readonly DeclaredParameter[],
): readonly AssignedRole[] {
  const roles = parameters.map((parameter) => lifecycleRole(kind, method, parameter, parameters));
  for (const once of ['session', 'config', 'payload'] as const) refuseTwice(method, roles, once);
  if (kind === 'error' && !roles.some((role) => role.kind === 'payload')) {
    throw new DeploymentException(
      `${method.label}: @OnError needs a parameter of type Error; found none. Add one (WSC-4.6).`,
      undefined,
      'WS_DEPLOY_BAD_PARAMETER',
    );
  }
  return roles;
}

function lifecycleRole(
  kind: LifecycleKind,
  method: DeclaredMethod,
  parameter: DeclaredParameter,
  all: readonly DeclaredParameter[],
): AssignedRole {
  if (parameter.kind === 'path') return parameter;
  if (parameter.kind === 'typed') {
    const { type } = parameter;
    if (type === Session) return { kind: 'session' };
    if (kind === 'open' && isConfigType(type)) return { kind: 'config' };
    if (kind === 'close' && type === CloseReason) return { kind: 'payload' };
    if (kind === 'error' && type === Error) return { kind: 'payload' };
    throw badParameter(
      method,
      parameter.position,
      `is of type ${typeName(type)}; ${method.annotation} takes ${PERMITTED[kind]}. Remove it or change its type.`,
    );
  }
  // The error is the one role that @OnError must have and nothing else can fill, so one erased parameter is no guess.
  if (
    kind === 'error' &&
    isOnlyErased(parameter, all) &&
    !all.some((other) => other.kind === 'typed' && other.type === Error)
  ) {
    return { kind: 'payload' };
  }
  throw noRole(method, all, parameter.position, parameter.found);
}

function isConfigType(type: ParameterRole): boolean {
  return type === EndpointConfig || type === ServerEndpointConfig || type === ClientEndpointConfig;
}

/** The roles of an `@OnMessage` method's parameters, and what its payload means for each native type. */
export interface MessageRoles {
  readonly roles: readonly AssignedRole[];
  readonly payloads: readonly PayloadPlan[];
  readonly inParts: boolean;
}

/** @see WSC-4.7: exactly one payload, optionally a Session, path parameters, and a boolean with a divisible payload */
export function assignMessageRoles(
  method: DeclaredMethod,
  parameters: readonly DeclaredParameter[],
  codecs: CodecPlan,
): MessageRoles {
  const candidates = parameters.filter(isPayloadCandidate);
  const booleans = candidates.filter(isBoolean);
  const others = candidates.filter((parameter) => !isBoolean(parameter));
  const [payload, second] = others.length > 0 ? others : booleans;
  if (payload === undefined && method.record.type !== undefined) {
    // Its type says it all.
    const roles = parameters.map((parameter): AssignedRole =>
      parameter.kind === 'path' ? parameter : { kind: 'session' },
    );
    refuseTwice(method, roles, 'session');
    return { roles, payloads: [], inParts: false };
  }
  if (payload === undefined) throw noPayload(method);
  if (second !== undefined) {
    // Not a second payload but a type that the compiler has erased, such as Session by "import type".
    if (second.kind === 'erased') throw noRole(method, parameters, second.position, second.found);
    if (payload.kind === 'erased') throw noRole(method, parameters, payload.position, payload.found);
    throw badParameter(
      method,
      second.position,
      `is a second payload (${typeName(second.type)}); a message has one. Keep one, or mark path parameters with @PathParam.`,
    );
  }
  const lastFlags = payload === booleans[0] ? [] : booleans;
  const payloads = planPayloadOf(method, parameters, payload, codecs);
  const [lastFlag, secondFlag] = lastFlags;
  if (secondFlag !== undefined)
    throw badParameter(method, secondFlag.position, 'is a second boolean; only one tells the last part.');
  if (lastFlag !== undefined && !payloads.every(({ divisible }) => divisible)) {
    throw badParameter(
      method,
      lastFlag.position,
      'is a boolean, but only String, Buffer, Uint8Array and ArrayBuffer payloads come in parts. Remove it.',
    );
  }
  const roles = parameters.map((parameter): AssignedRole => {
    if (parameter.kind === 'path') return parameter;
    if (parameter === payload) return { kind: 'payload' };
    return parameter === lastFlag ? { kind: 'last' } : { kind: 'session' };
  });
  refuseTwice(method, roles, 'session');
  return { roles, payloads, inParts: lastFlag !== undefined };
}

function isPayloadCandidate(parameter: DeclaredParameter): parameter is Exclude<DeclaredParameter, { kind: 'path' }> {
  return parameter.kind === 'erased' || (parameter.kind === 'typed' && parameter.type !== Session);
}

function isBoolean(parameter: DeclaredParameter): boolean {
  return parameter.kind === 'typed' && parameter.type === Boolean;
}

function planPayloadOf(
  method: DeclaredMethod,
  parameters: readonly DeclaredParameter[],
  payload: Exclude<DeclaredParameter, { kind: 'path' }>,
  codecs: CodecPlan,
): readonly PayloadPlan[] {
  if (payload.kind === 'erased') return planErased(method, parameters, payload, codecs);
  // Path roles were taken out by readParameters, so the rest are payload types.
  const plans = planPayload(payload.type as PayloadType, codecs);
  if (plans !== NO_DECODER) return plans;
  // With a params list it is the class that was meant.
  const isMistakable = method.record.params === undefined && isGlobalClass(payload.type);
  throw badParameter(
    method,
    payload.position,
    `is of type ${typeName(payload.type)}, for which ${decoderList(codecs)}. ` +
      'Add a decoder for it to the endpoint, or take a String, Buffer, Reader, InputStream, PongMessage or a primitive (WSC-4.7).' +
      (isMistakable
        ? ` If your own ${typeName(payload.type)} was meant, drop "type" from its import: swc and Bun leave the global class of that name.`
        : ''),
  );
}

/**
 * The payload of an erased parameter: the object of decoders without a class; else text, the documented default, where
 * there are no types at all. A type that says nothing differs between compilers, so it never stands for text.
 */
function planErased(
  method: DeclaredMethod,
  parameters: readonly DeclaredParameter[],
  payload: Extract<DeclaredParameter, { kind: 'erased' }>,
  codecs: CodecPlan,
): readonly PayloadPlan[] {
  const untyped = planUntypedPayload(codecs);
  if (untyped !== NO_DECODER) return untyped;
  if (codecs.decoders.length > 0)
    throw noRole(method, parameters, payload.position, payload.found, decoderList(codecs));
  if (!payload.isUntyped) throw noRole(method, parameters, payload.position, payload.found);
  return [{ native: 'text', decoding: { kind: 'as-is' }, divisible: true }];
}

function decoderList(codecs: CodecPlan): string {
  const names = codecs.decoders.map(({ name, type }) => (type === undefined ? name : `${name} for ${typeName(type)}`));
  return names.length === 0 ? 'the endpoint has no decoder' : `the endpoint has only ${names.join(', ')}`;
}

function isOnlyErased(parameter: DeclaredParameter, all: readonly DeclaredParameter[]): boolean {
  return all.every((other) => other === parameter || other.kind !== 'erased');
}

function refuseTwice(method: DeclaredMethod, roles: readonly AssignedRole[], kind: AssignedRole['kind']): void {
  const first = roles.findIndex((role) => role.kind === kind);
  const second = roles.findIndex((role, index) => role.kind === kind && index > first);
  if (second < 0) return;
  throw badParameter(method, second + 1, `is a second ${nounOf(kind, method)}; remove it.`);
}

function nounOf(kind: AssignedRole['kind'], method: DeclaredMethod): string {
  if (kind === 'session') return 'Session';
  if (kind === 'config') return 'EndpointConfig';
  return method.record.kind === 'error' ? 'Error' : 'CloseReason';
}

function noPayload(method: DeclaredMethod): DeploymentException {
  const { declaredIn, record } = method;
  // A function that a decorator has put in the method's place mostly takes "...args".
  const isForeign = readSignature(declaredIn.prototype as object, record.method) === undefined;
  const remedy = isForeign
    ? 'Add one; or, where another decorator has replaced the method, name the roles: @OnMessage({ params: [String] })'
    : 'Add one, such as "text: string"';
  return new DeploymentException(
    `${method.label}: @OnMessage needs a parameter for the message; found none. ${remedy} (WSC-4.7).`,
    undefined,
    'WS_DEPLOY_BAD_PARAMETER',
  );
}

function noRole(
  method: DeclaredMethod,
  parameters: readonly DeclaredParameter[],
  position: number,
  found: string,
  also?: string,
): DeploymentException {
  const because = also === undefined ? '' : ` and ${also}`;
  return badParameter(
    method,
    position,
    `has no role: its type is ${found}${because}. Name all roles, such as ${method.annotation}({ params: [${exampleRoles(method, parameters)}] }).`,
  );
}

/** A `params` list as the method may want it: what is known of each parameter, else what such a method usually takes. */
function exampleRoles(method: DeclaredMethod, parameters: readonly DeclaredParameter[]): string {
  const known = parameters.map(knownRole);
  const usual = usualRoles(method).filter((role) => !known.includes(role));
  // A lone parameter may be any of them, but a message's is its payload.
  if (known.length === 1 && known[0] === undefined)
    return method.record.kind === 'message' ? 'String' : usual.join(', ');
  const left = usual.values();
  return known.map((role) => role ?? left.next().value ?? '…').join(', ');
}

function knownRole(parameter: DeclaredParameter): string | undefined {
  switch (parameter.kind) {
    case 'typed':
      return typeName(parameter.type);
    case 'path': {
      const type = parameter.type === String ? '' : `, ${typeName(parameter.type)}`;
      return `PathParam(${JSON.stringify(parameter.name)}${type})`;
    }
    case 'erased':
      return undefined;
  }
}

function usualRoles(method: DeclaredMethod): string[] {
  switch (method.record.kind) {
    case 'open':
      return ['Session', 'EndpointConfig'];
    case 'message':
      return ['String', 'Session'];
    case 'close':
      return ['Session', 'CloseReason'];
    case 'error':
      return ['Session', 'Error'];
  }
}
