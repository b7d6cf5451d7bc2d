// `serval/awilix`: endpoint instances from an Awilix container.
import type { HandshakeRequest } from '@serval/api';
import { requireMethods } from '@serval/api/spi';
import type { InstanceFactory } from '@serval/server';
import { ScopedFactory } from './scoped-factory';

/** The members of an Awilix container that the factory uses. `never` stands for types of Awilix. */
export interface AwilixContainer {
  createScope(): AwilixContainer;
  register(registrations: never): unknown;
  build(target: never): unknown;
  dispose(): Promise<void>;
}

/**
 * An `instanceFactory` for Awilix 12 and later. Each session has a scope of the container: scoped registrations exist once
 * per session, and their disposers run after `@OnClose`. The endpoint class need not be registered. `handshakeRequest` in
 * the scope is the session's HandshakeRequest.
 *
 * @param configure registers more in the scope of a session
 *
 * @throws IllegalArgumentException when the argument is another value
 *
 * @example
 * new Server({ endpoints: [Orders], instanceFactory: awilix(container) });
 */
export function awilix<C extends AwilixContainer>(
  container: C,
  configure?: (scope: C, request: HandshakeRequest) => void,
): InstanceFactory {
  requireMethods('awilix', 'a container of Awilix', container, 'createScope', 'build');
  return new ScopedFactory({
    open(request) {
      // A scope is a container of the same kind.
      const scope = container.createScope() as C;
      scope.register({ handshakeRequest: { resolve: () => request } } as never);
      configure?.(scope, request);
      return scope;
    },
    create: (scope, endpointClass) => scope.build(endpointClass as never) as object,
    close: (scope) => scope.dispose(),
  });
}
