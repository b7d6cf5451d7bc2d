import type { EndpointClass, HandshakeRequest } from '@serval/api';
import type { InstanceFactory } from '@serval/server';
import { ScopedFactory } from './scoped-factory';

/** The members of a ModuleRef of NestJS that the factory uses. `never` stands for a type of NestJS. */
export interface NestModuleRef {
  create(type: never, contextId?: { readonly id: number }): Promise<unknown>;
  registerRequestByContextId(request: HandshakeRequest, contextId: { readonly id: number }): void;
}

/** @param moduleRefOf the ModuleRef of the module whose providers the class may inject */
export function nestFactory(moduleRefOf: (endpointClass: EndpointClass) => NestModuleRef): InstanceFactory {
  return new ScopedFactory<NestScope>({
    open: (request) => ({ request, contextId: { id: Math.random() } }),
    create: ({ request, contextId }, endpointClass) => {
      const moduleRef = moduleRefOf(endpointClass);
      moduleRef.registerRequestByContextId(request, contextId);
      return moduleRef.create(endpointClass as never, contextId);
    },
    close: async (_scope, instance) => {
      if (instance !== undefined && 'onModuleDestroy' in instance && typeof instance.onModuleDestroy === 'function')
        await (instance.onModuleDestroy as () => unknown)();
    },
  });
}

interface NestScope {
  readonly request: HandshakeRequest;
  /** NestJS tells contexts apart by the object, and makes the number in the same way. */
  readonly contextId: { readonly id: number };
}
