// `serval/nestjs`: the module for NestJS, and endpoint instances from NestJS.
import { requireMethods } from '@serval/api/spi';
import type { InstanceFactory } from '@serval/server';
import { nestFactory, type NestModuleRef } from './nestjs-factory';

export { ServalModule } from './nestjs-module';
export type { NestModuleRef } from './nestjs-factory';
export type { NestDynamicModule, ServalModuleAsyncOptions, ServalModuleOptions } from './nestjs-module';

/**
 * An `instanceFactory` for NestJS 11 and later, for a server beside the application; inside of it use {@link ServalModule}. Each session has a separate instance, whose constructor arguments come
 * from the module of the ModuleRef; the endpoint class needs `@Injectable()` and need not be a provider. Request-scoped
 * providers exist once per session, and `REQUEST` is the session's HandshakeRequest. After `@OnClose`, `onModuleDestroy` of
 * the endpoint runs, if it has one; NestJS itself ends no request-scoped provider.
 *
 * @throws IllegalArgumentException when the argument is no ModuleRef
 *
 * @example
 * const server = new Server({ endpoints: [Orders], instanceFactory: nestjs(app.get(ModuleRef)) });
 */
export function nestjs(moduleRef: NestModuleRef): InstanceFactory {
  requireMethods('nestjs', 'a ModuleRef of NestJS', moduleRef, 'create', 'registerRequestByContextId');
  return nestFactory(() => moduleRef);
}
