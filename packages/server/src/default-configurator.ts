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
import type { InstanceFactory } from './instance-factory';
import type { OriginPolicy } from './origin-policy';

/** The default factory. */
export function construct<T extends object>(endpointClass: EndpointClass<T>): T {
  // Deployment has checked that the constructor needs no arguments.
  return new (endpointClass as unknown as new () => T)();
}

/** The parts of a container that the default algorithms use. */
export interface HandshakePolicy {
  readonly checkOrigin: OriginPolicy;
  readonly createInstance: InstanceFactory['create'];
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
 * Runs one call of a Configurator. It keeps the handshake while the call is on the stack, so that
 * `super.checkOrigin(origin)`, written as in Java, finds its container.
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

/** The container's own algorithms. @see WSC-3.1.2 to WSC-3.1.7 */
class DefaultConfigurator extends ServerEndpointConfig.Configurator {
  override getContainerDefaultConfigurator(): this {
    return this;
  }

  // The first one in the client's list, as in the API documentation, Tomcat and Tyrus. WSC-3.1.2-1 may also mean the first
  // one in the server's list.
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
    // The application is responsible for the factory's result.
    return policyOf(handshake).createInstance(endpointClass, handshake) as T | Promise<T>;
  }
}

function requireHandshake(method: string, request: HandshakeRequest | undefined): HandshakeRequest {
  const handshake = request ?? handshakes.current;
  if (handshake !== undefined) return handshake;
  throw new IllegalStateException(
    `${method} of the default configurator ran outside of a handshake, or after an await. Pass the request on: super.${method}(…, request).`,
  );
}

function policyOf(request: HandshakeRequest): HandshakePolicy {
  const policy = handshakes.policies.get(request);
  if (policy === undefined) throw new HandshakeRejection(500, { body: 'The handshake belongs to no container.\n' });
  return policy;
}

registerDefaultConfigurator(new DefaultConfigurator());
