import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { DeploymentException, type EndpointClass, type InterceptorContext } from '@serval/api';
import { cannotLoad, readAnnotations } from '@serval/api/spi';
import type { Logger } from '@serval/container';
import { attach, ServerContainer, type AttachableServer, type ServerContainerOptions } from '@serval/server';
import { nestFactory, type NestModuleRef } from './nestjs-factory';
import {
  NestHandshakes,
  type NestAdapterHost,
  type NestContextCreator,
  type NestHttpException,
} from './nestjs-handshake';
import { NestEnhancers, type Enhanced, type ModuleOfEndpoint, type NestInternals } from './nestjs-enhancers';

/** The options of {@link ServalModule}: those of `attach`. */
export type ServalModuleOptions = Omit<ServerContainerOptions, 'instanceFactory'>;

/** The options of `ServalModule.forRootAsync`. `never` stands for a type of NestJS. */
export interface ServalModuleAsyncOptions {
  readonly imports?: readonly unknown[] | undefined;
  /** The tokens of the arguments of `useFactory`. */
  readonly inject?: readonly unknown[] | undefined;
  readonly useFactory: (...args: never[]) => ServalModuleOptions | Promise<ServalModuleOptions>;
}

/** A DynamicModule of NestJS. `never` stands for its types. */
export interface NestDynamicModule {
  module: typeof ServalModule;
  global: boolean;
  imports: never[];
  providers: never[];
  exports: never[];
}

/**
 * The module for NestJS 12. It deploys every provider with `@ServerEndpoint` on the HTTP server of the application, with
 * Express or Fastify below it. `ServerContainer` is injectable in every module.
 *
 * Constructors are injected; each session has an instance. Guards of the application and of the class run once, on the
 * handshake, with an HTTP context: a guard that refuses is a 403 or its exception's status, before the upgrade. Guards of a
 * message handler run for each of its messages, with a WebSocket context, and so do interceptors, pipes and filters of the
 * handler and its class. The container stops, and its sessions drain, before NestJS closes the server.
 *
 * @example
 * \@Module({ imports: [ServalModule.forRoot({ pingInterval: 25_000 })], providers: [Chat] })
 * class AppModule {}
 */
export class ServalModule {
  /** @throws DeploymentException when NestJS is not installed */
  static forRoot(options: ServalModuleOptions = {}): NestDynamicModule {
    return dynamicModule({ useFactory: () => options });
  }

  /**
   * The same with options that a factory returns, which may be async and have its arguments injected.
   *
   * @throws DeploymentException when NestJS is not installed
   *
   * @example
   * ServalModule.forRootAsync({ inject: [ConfigService], useFactory: (config: ConfigService) => ({ … }) })
   */
  static forRootAsync(options: ServalModuleAsyncOptions): NestDynamicModule {
    return dynamicModule(options);
  }
}

const OPTIONS = Symbol('serval.options');

function dynamicModule({ imports = [], inject = [], useFactory }: ServalModuleAsyncOptions): NestDynamicModule {
  const nest = loadNest();
  const { DiscoveryModule, DiscoveryService, ExternalContextCreator, HttpAdapterHost, ModulesContainer } = nest;
  const providers = [
    { provide: OPTIONS, useFactory, inject },
    {
      provide: NestDeployment,
      useFactory: (...parts: Parts) => new NestDeployment(nest, ...parts),
      inject: [OPTIONS, DiscoveryService, HttpAdapterHost, ExternalContextCreator, ModulesContainer],
    },
    {
      provide: ServerContainer,
      useFactory: ({ container }: NestDeployment) => container,
      inject: [NestDeployment],
    },
  ];
  return {
    module: ServalModule,
    global: true,
    imports: [DiscoveryModule, ...imports] as never[],
    providers: providers as never[],
    exports: [ServerContainer] as never[],
  };
}

/** The members of @nestjs/core and @nestjs/common that the module uses. */
interface Nest extends NestInternals {
  readonly DiscoveryModule: object;
  readonly DiscoveryService: object;
  readonly ExternalContextCreator: object;
  readonly HttpAdapterHost: object;
  readonly ModulesContainer: object;
  readonly ModuleRef: object;
  readonly Logger: new (name: string) => NestLogger;
  readonly ForbiddenException: new (message: string) => Error;
  readonly HttpException: NestHttpException;
}

interface NestLogger {
  error(message: string): void;
  warn(message: string): void;
  debug(message: string): void;
}

type Parts = [
  options: ServalModuleOptions,
  discovery: { getProviders(): readonly NestProvider[] },
  adapterHost: NestAdapterHost,
  contexts: NestContextCreator,
  modules: object,
];

interface NestProvider {
  readonly metatype?: unknown;
  readonly host?: NestModule | undefined;
}

interface NestModule extends ModuleOfEndpoint {
  readonly token: string;
  getProviderByKey(key: object): { readonly instance: NestModuleRef };
}

function loadNest(): Nest {
  let parts: Nest;
  try {
    // Node 20.19 and later can require an ES module.
    parts = { ...(require('@nestjs/common') as Nest), ...(require('@nestjs/core') as Nest) };
  } catch (cause) {
    throw cannotLoad('@nestjs/core', 'ServalModule of serval/nestjs', cause);
  }
  try {
    return { ...parts, ...(require('@nestjs/core/internal') as Nest) };
  } catch (cause) {
    throw new DeploymentException(
      'ServalModule of serval/nestjs needs NestJS 12 or later. Update @nestjs/core.',
      cause,
    );
  }
}

/** The container of an application of NestJS: finds its endpoints, and follows its life. */
class NestDeployment {
  readonly container: ServerContainer;
  readonly #enhancers: NestEnhancers;
  /** The modules that provide endpoints. */
  readonly #modules = new Map<EndpointClass, NestModule>();
  readonly #handlers = new Map<EndpointClass, Map<string | symbol, Enhanced | undefined>>();
  readonly #handshakes: NestHandshakes;

  constructor(
    private readonly nest: Nest,
    options: ServalModuleOptions,
    private readonly discovery: Parts[1],
    private readonly adapterHost: Parts[2],
    contexts: Parts[3],
    modules: object,
  ) {
    class Forbidden extends nest.ForbiddenException {
      constructor() {
        super('Forbidden resource');
      }
    }
    this.#enhancers = new NestEnhancers(nest, modules, Forbidden);
    this.#handshakes = new NestHandshakes(contexts, adapterHost, nest.HttpException);
    const { handshakeMiddleware = [], interceptors = [] } = options;
    // The log names it.
    const guards = (request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> =>
      this.#guardHandshake(request, response, next);
    this.container = new ServerContainer({
      logger: loggerOf(new nest.Logger('Serval')),
      ...options,
      handshakeMiddleware: [handshakeMiddleware, guards].flat(),
      interceptors: [(context, next) => this.#intercept(context, next), ...interceptors],
      instanceFactory: nestFactory((endpointClass) => this.#moduleRefOf(endpointClass)),
    });
  }

  /** NestJS calls it once all modules exist, before the server listens. */
  onApplicationBootstrap(): void {
    // A server of node:http, node:https or node:http2.
    const server = this.adapterHost.httpAdapter?.getHttpServer() as AttachableServer | undefined;
    // An application context without HTTP, such as that of a script.
    if (server === undefined) return;
    for (const { metatype, host } of this.discovery.getProviders()) {
      if (host === undefined || !isEndpoint(metatype) || this.#modules.has(metatype)) continue;
      this.#modules.set(metatype, host);
      this.#enhancers.requireStatic(metatype, host);
      this.container.addEndpoint(metatype);
    }
    this.container.completeDeployment();
    attach(server, this.container);
  }

  /** NestJS calls it before it closes the server. */
  beforeApplicationShutdown(): Promise<void> {
    return this.container.stop();
  }

  #moduleRefOf(endpointClass: EndpointClass): NestModuleRef {
    const module = this.#modules.get(endpointClass);
    if (module === undefined)
      throw new Error(`${endpointClass.name} is not a provider. Add it to the providers of a module.`);
    return module.getProviderByKey(this.nest.ModuleRef).instance;
  }

  /** Runs the guards of the endpoint at the path. */
  async #guardHandshake(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    const match = this.container.match(request.url ?? '/');
    // Without one a route of the application upgrades it, and NestJS has run its guards.
    if (match === undefined || (await this.#handshakes.guard(match, request, response))) next();
  }

  #intercept(context: InterceptorContext, next: () => unknown): unknown {
    const { kind, method, endpointClass } = context;
    if (kind !== 'message' || method === undefined) return next();
    let handlers = this.#handlers.get(endpointClass);
    if (handlers === undefined)
      this.#handlers.set(endpointClass, (handlers = new Map<string | symbol, Enhanced | undefined>()));
    if (!handlers.has(method)) handlers.set(method, this.#enhancedOf(endpointClass, method));
    const enhanced = handlers.get(method);
    return enhanced === undefined ? next() : enhanced(context, next);
  }

  #enhancedOf(endpointClass: EndpointClass, method: string | symbol): Enhanced | undefined {
    // An endpoint of functions is no provider, and has no decorators.
    const module = this.#modules.get(endpointClass);
    return module && this.#enhancers.around(module.token, endpointClass, method);
  }
}

function isEndpoint(metatype: unknown): metatype is EndpointClass {
  return typeof metatype === 'function' && readAnnotations(metatype as EndpointClass)?.serverEndpoint !== undefined;
}

/** NestJS takes further arguments as a stack trace and a context. */
function loggerOf(logger: NestLogger): Logger {
  const text = (message: unknown, details: readonly unknown[]): string =>
    [message, ...details].map((part) => (typeof part === 'string' ? part : inspect(part))).join(' ');
  return {
    error: (message, ...details) => logger.error(text(message, details)),
    warn: (message, ...details) => logger.warn(text(message, details)),
    debug: (message, ...details) => logger.debug(text(message, details)),
  };
}
