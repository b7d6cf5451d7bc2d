import {
  DeploymentException,
  PathParam,
  Session,
  type DecoderClass,
  type EncoderClass,
  type EndpointConfig,
  type ErrorCode,
  type InboundMode,
} from '@serval/api';
import { pathParamOf } from '@serval/api/spi';
import type { BoundSession } from '../src/argument-binder';
import { planEndpoint, type EndpointPlan } from '../src/endpoint-plan';

/** A decorator without its types, to write what TypeScript would refuse. */
export type LooseDecorator = (...args: unknown[]) => any;

export interface Declared {
  readonly encoders?: readonly EncoderClass[];
  readonly decoders?: readonly DecoderClass[];
  readonly inbound?: InboundMode;
}

/** The plan of a class, with no codecs unless some are given. */
export function plan(
  endpointClass: unknown,
  { encoders = [], decoders = [], inbound = 'serial' }: Declared = {},
): EndpointPlan {
  return planEndpoint({ endpointClass: endpointClass as new () => object, encoders, decoders, inbound });
}

/** Expects that a class is refused with a code and a message that contains all of the parts. */
export function expectRefusal(
  endpointClass: unknown,
  code: ErrorCode,
  parts: readonly string[],
  declared?: Declared,
): void {
  const error = refusalOf(endpointClass, declared);
  expect({ code: error.code, message: error.message }).toEqual({
    code,
    message: expect.stringContaining(parts[0] ?? ''),
  });
  for (const part of parts) expect(error.message).toContain(part);
}

/** The exception that a class is refused with. */
export function refusalOf(endpointClass: unknown, declared?: Declared): DeploymentException {
  try {
    plan(endpointClass, declared);
  } catch (error) {
    if (error instanceof DeploymentException) return error;
    throw error;
  }
  throw new Error('The class was expected to be refused, and was planned.');
}

/** As much of a session as a binder reads. */
export function fakeSession(pathParameters: Readonly<Record<string, string>> = {}): BoundSession {
  const endpointConfig = { getUserProperties: () => new Map() } as unknown as EndpointConfig;
  return Object.assign(Object.create(Session.prototype) as object, {
    endpointConfig,
    pathParameters: new Map(Object.entries(pathParameters)),
  });
}

/** How a method's parameters are declared: by a `params` list, or by what the compiler and @PathParam leave. */
export type Declaration = 'params' | 'metadata';

/** A class with one method `handle`, annotated, whose parameters have the roles in this order. */
export function endpointWith(
  annotation: unknown,
  roles: readonly unknown[],
  declaration: Declaration = 'params',
): new () => object {
  class Endpoint {
    handle(): void {}
  }
  const decorate = annotation as LooseDecorator;
  const descriptor = Object.getOwnPropertyDescriptor(Endpoint.prototype, 'handle');
  if (declaration === 'params') {
    decorate({ params: roles })(Endpoint.prototype, 'handle', descriptor);
    return Endpoint;
  }
  decorate(Endpoint.prototype, 'handle', descriptor);
  const types = roles.map((role, index) => {
    const path = pathParamOf(role);
    if (path === undefined) return role;
    PathParam(path.name)(Endpoint.prototype, 'handle', index);
    return path.type ?? String;
  });
  Reflect.defineMetadata('design:paramtypes', types, Endpoint.prototype, 'handle');
  return Endpoint;
}

/** Every order of every subset of the items that contains the required ones. */
export function arrangements<T>(required: readonly T[], optional: readonly T[]): T[][] {
  const subsets = optional.reduce<T[][]>((all, item) => [...all, ...all.map((subset) => [...subset, item])], [[]]);
  return subsets.flatMap((subset) => permutations([...required, ...subset]));
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_other, at) => at !== index)).map((rest) => [item, ...rest]),
  );
}
