// `serval/inversify`: endpoint instances from a container of InversifyJS.
import { HandshakeRequest } from '@serval/api';
import { requireMethods } from '@serval/api/spi';
import type { InstanceFactory } from '@serval/server';
import { ScopedFactory } from './scoped-factory';

/** The members of an InversifyJS container that the factory uses. `never` stands for types of InversifyJS. */
export interface InversifyContainer {
  bind(token: never): {
    toSelf(): { inSingletonScope(): unknown };
    toConstantValue(value: never): unknown;
  };
  getAsync(token: never): Promise<unknown>;
  unbindAllAsync(): Promise<void>;
}

/**
 * An `instanceFactory` for InversifyJS 7 and later. Each session has a child container with the endpoint class and the
 * session's HandshakeRequest bound in it; the class needs `@injectable()` and no other binding. After `@OnClose`, the
 * child's deactivations run, such as `@preDestroy()` of the endpoint.
 *
 * @param configure binds more in the child container of a session, such as services that exist once per session
 *
 * @throws IllegalArgumentException when the argument is another value
 *
 * @example
 * new Server({ endpoints: [Orders], instanceFactory: inversify(container, (scope) => scope.bind(Cart).toSelf().inSingletonScope()) });
 */
export function inversify<C extends InversifyContainer>(
  container: C,
  configure?: (scope: C, request: HandshakeRequest) => void,
): InstanceFactory {
  requireMethods('inversify', 'a container of InversifyJS', container, 'bind', 'getAsync');
  // The class of the application's own copy of InversifyJS.
  const Container = container.constructor as new (options: { parent: C }) => C;
  return new ScopedFactory({
    open(request) {
      const scope = new Container({ parent: container });
      scope.bind(HandshakeRequest as never).toConstantValue(request as never);
      configure?.(scope, request);
      return scope;
    },
    create(scope, endpointClass) {
      scope
        .bind(endpointClass as never)
        .toSelf()
        .inSingletonScope();
      return scope.getAsync(endpointClass as never);
    },
    close: (scope) => scope.unbindAllAsync(),
  });
}
