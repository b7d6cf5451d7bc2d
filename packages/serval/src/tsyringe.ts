// `serval/tsyringe`: endpoint instances from a container of tsyringe.
import { HandshakeRequest } from '@serval/api';
import { requireMethods } from '@serval/api/spi';
import type { InstanceFactory } from '@serval/server';
import { ScopedFactory } from './scoped-factory';

/** The members of a tsyringe container that the factory uses. `never` stands for types of tsyringe. */
export interface TsyringeContainer {
  createChildContainer(): TsyringeContainer;
  registerInstance(token: never, instance: never): unknown;
  resolve(token: never): unknown;
  dispose(): Promise<void> | void;
}

/**
 * An `instanceFactory` for tsyringe 4. Each session has a child container: `@scoped(Lifecycle.ContainerScoped)` classes
 * exist once per session, and what has a `dispose` method is disposed after `@OnClose`, singletons excepted. A parameter
 * of type `HandshakeRequest` is the session's handshake.
 *
 * @param configure registers more in the child container of a session
 *
 * @throws IllegalArgumentException when the argument is another value
 *
 * @example
 * new Server({ endpoints: [Orders], instanceFactory: tsyringe(container) });
 */
export function tsyringe<C extends TsyringeContainer>(
  container: C,
  configure?: (scope: C, request: HandshakeRequest) => void,
): InstanceFactory {
  requireMethods('tsyringe', 'a container of tsyringe', container, 'createChildContainer', 'resolve');
  return new ScopedFactory({
    open(request) {
      // A child is a container of the same kind.
      const scope = container.createChildContainer() as C;
      scope.registerInstance(HandshakeRequest as never, request as never);
      configure?.(scope, request);
      return scope;
    },
    create: (scope, endpointClass) => scope.resolve(endpointClass as never) as object,
    close(scope) {
      keepSingletons(scope, container);
      return scope.dispose();
    },
  });
}

/**
 * tsyringe disposes a singleton together with the child container that happened to construct it. This takes the singletons
 * out of the child's list, which is not public: in a version without it, the child is disposed as it is.
 */
function keepSingletons(scope: object, container: object): void {
  const disposables: unknown = Reflect.get(scope, 'disposables');
  if (!(disposables instanceof Set)) return;
  for (const singleton of instancesIn(container)) disposables.delete(singleton);
}

function instancesIn(container: object): unknown[] {
  const registry: unknown = Reflect.get(container, '_registry');
  const parent: unknown = Reflect.get(container, 'parent');
  const above = typeof parent === 'object' && parent !== null ? instancesIn(parent) : [];
  if (typeof registry !== 'object' || registry === null || !('entries' in registry)) return above;
  const entries = (registry.entries as () => Iterable<readonly [unknown, readonly { instance?: unknown }[]]>)();
  return [...entries].flatMap(([, registrations]) => registrations.map(({ instance }) => instance)).concat(above);
}
