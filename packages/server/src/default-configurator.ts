import {
  HandshakeRejection,
  IllegalStateException,
  ServerEndpointConfig,
  type EndpointClass,
  type Extension,
  type HandshakeRequest,
} from '@serval/api';
import { registerDefaultConfigurator } from '@serval/api/spi';
import { type WsHandshakeRequest } from './handshake-request';
import type { OriginPolicy } from './origin-policy';

/**
 * Makes endpoint instances, in place of `new EndpointClass()`: the hook for dependency injection. What it gives is one of
 * the class, or stands for one.
 */
export type InstanceFactory = (endpointClass: EndpointClass, request: HandshakeRequest) => object | Promise<object>;

/** The factory where no other is given. */
export function construct<T extends object>(endpointClass: EndpointClass<T>): T {
  // Deployment has checked that the constructor needs no arguments.
  return new (endpointClass as unknown as new () => T)();
}

/** What the default algorithms take from the container. */
export interface HandshakePolicy {
  readonly checkOrigin: OriginPolicy;
  readonly createInstance: InstanceFactory;
}

/** All copies of this package share it, as they share the default configurator. */
interface Handshakes {
  readonly policies: WeakMap<HandshakeRequest, HandshakePolicy>;
  current: HandshakeRequest | undefined;
}

const HANDSHAKES = Symbol.for('serval:handshakes');
const handshakes = ((globalThis as { [HANDSHAKES]?: Handshakes })[HANDSHAKES] ??= {
  policies: new WeakMap(),
  current: undefined,
});

/**
 * Runs one call of a Configurator. The handshake is remembered while the call is on the stack, so that
 * `super.checkOrigin(origin)`, written as in Java, finds the container it belongs to.
 */
export function duringHandshake<T>(request: WsHandshakeRequest, policy: HandshakePolicy, call: () => T): T {
  handshakes.policies.set(request, policy);
  const outer = handshakes.current;
  handshakes.current = request;
  try {
    return call();
  } finally {
    handshakes.current = outer;
  }
}

/** The platform's own algorithms. @see WSC-3.1.2 to WSC-3.1.7 */
class DefaultConfigurator extends ServerEndpointConfig.Configurator {
  override getContainerDefaultConfigurator(): this {
    return this;
  }

  // The first of the client's list, as the API documentation, Tomcat and Tyrus have it; WSC-3.1.2-1 can also be read as
  // the first of the server's.
  override getNegotiatedSubprotocol(supported: readonly string[], requested: readonly string[]): string {
    return requested.find((name) => supported.includes(name)) ?? '';
  }

  override getNegotiatedExtensions(
    installed: readonly Extension[],
    requested: readonly Extension[],
  ): readonly Extension[] {
    const names = new Set(installed.map((extension) => extension.getName()));
    return requested.filter((extension) => names.has(extension.getName()));
  }

  override checkOrigin(origin: string | null, request?: HandshakeRequest): boolean | Promise<boolean> {
    const handshake = requireHandshake('checkOrigin', request);
    return policyOf(handshake).checkOrigin(origin, handshake);
  }

  override getEndpointInstance<T extends object>(
    endpointClass: EndpointClass<T>,
    request?: HandshakeRequest,
  ): T | Promise<T> {
    const handshake = requireHandshake('getEndpointInstance', request);
    // What the factory gives is the application's to answer for.
    return policyOf(handshake).createInstance(endpointClass, handshake) as T | Promise<T>;
  }
}

function requireHandshake(method: string, request: HandshakeRequest | undefined): HandshakeRequest {
  const handshake = request ?? handshakes.current;
  if (handshake !== undefined) return handshake;
  throw new IllegalStateException(
    `${method} of the default configurator was called outside of a handshake, or after an await; pass the request on: super.${method}(…, request).`,
  );
}

function policyOf(request: HandshakeRequest): HandshakePolicy {
  const policy = handshakes.policies.get(request);
  if (policy === undefined) throw new HandshakeRejection(500, { body: 'The handshake belongs to no container.\n' });
  return policy;
}

registerDefaultConfigurator(new DefaultConfigurator());
