// `serval/nestjs`: endpoint instances from NestJS.
import type { HandshakeRequest } from '@serval/api';
import type { InstanceFactory } from '@serval/server';
import { ScopedFactory } from './scoped-factory';

/** The members of a ModuleRef of NestJS that the factory uses. `never` stands for a type of NestJS. */
export interface NestModuleRef {
  create(type: never, contextId?: { readonly id: number }): Promise<unknown>;
  registerRequestByContextId(request: HandshakeRequest, contextId: { readonly id: number }): void;
}

/**
 * An `instanceFactory` for NestJS 11 and later. Each session has a separate instance, whose constructor arguments come
 * from the module of the ModuleRef; the endpoint class needs `@Injectable()` and need not be a provider. Request-scoped
 * providers exist once per session, and `REQUEST` is the session's HandshakeRequest. After `@OnClose`, `onModuleDestroy` of
 * the endpoint runs, if it has one; NestJS itself ends no request-scoped provider.
 *
 * @example
 * const server = new Server({ endpoints: [Orders], instanceFactory: nestjs(app.get(ModuleRef)) });
 */
export function nestjs(moduleRef: NestModuleRef): InstanceFactory {
  return new ScopedFactory({
    open(request) {
      // NestJS tells contexts apart by the object, and makes the number in the same way.
      const contextId = { id: Math.random() };
      moduleRef.registerRequestByContextId(request, contextId);
      return contextId;
    },
    create: (contextId, endpointClass) => moduleRef.create(endpointClass as never, contextId),
    close: async (_contextId, instance) => {
      if (instance !== undefined && 'onModuleDestroy' in instance && typeof instance.onModuleDestroy === 'function')
        await (instance.onModuleDestroy as () => unknown)();
    },
  });
}
