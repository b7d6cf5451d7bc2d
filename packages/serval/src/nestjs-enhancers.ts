import { DeploymentException, type EndpointClass, type InterceptorContext } from '@serval/api';

// The parts of @nestjs/core/internal with which NestJS runs the enhancers of gateways. Its ExternalContextCreator
// adds those of the application, which expect HTTP.

/** The members of NestJS that run enhancers. Each creator finds those of a class and a method. */
export interface NestInternals {
  readonly GuardsContextCreator: new (container: object) => EnhancerCreator<Guards>;
  readonly GuardsConsumer: new () => {
    tryActivate(guards: Guards, args: unknown[], instance: object, handler: Handler, type: string): Promise<boolean>;
  };
  readonly InterceptorsContextCreator: new (container: object) => EnhancerCreator<Interceptors>;
  readonly InterceptorsConsumer: new () => {
    intercept(
      interceptors: Interceptors,
      args: unknown[],
      instance: object,
      handler: Handler,
      next: () => Promise<unknown>,
      type: string,
    ): Promise<unknown>;
  };
  readonly PipesContextCreator: new (container: object) => EnhancerCreator<Pipes>;
  readonly PipesConsumer: new () => { applyPipes(value: unknown, metadata: object, pipes: Pipes): Promise<unknown> };
  readonly BaseExceptionFilterContext: new (container: object) => FilterCreator;
  readonly ExecutionContextHost: new (
    args: unknown[],
    constructor: EndpointClass,
    handler: Handler,
  ) => ExecutionContext;
}

type Handler = (...args: never[]) => unknown;
type Guards = readonly { readonly canActivate: unknown }[];
type Interceptors = readonly { readonly intercept: unknown }[];
type Pipes = readonly { readonly transform: unknown }[];

interface EnhancerCreator<T> {
  create(instance: object, handler: Handler, moduleKey: string): T;
  createConcreteContext(metadata: unknown): T;
}

interface FilterCreator {
  moduleContext: string;
  createContext(instance: object, handler: Handler, key: string): Filter[];
}

interface Filter {
  readonly exceptionMetatypes: readonly unknown[];
  readonly func: (exception: unknown, host: ExecutionContext) => unknown;
}

interface ExecutionContext {
  setType(type: string): void;
}

const ENHANCER_KEYS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

/** The module of NestJS that provides an endpoint. */
export interface ModuleOfEndpoint {
  /** The enhancers of its classes. */
  readonly injectables: ReadonlyMap<unknown, { isDependencyTreeStatic(): boolean }>;
}

/** Runs a handler between the enhancers of its method and class. */
export type Enhanced = (context: InterceptorContext, next: () => unknown) => Promise<unknown>;

/** The exception of a guard that returns false. */
type Forbidden = new () => Error;

/** Runs the guards of message handlers, and the interceptors, pipes and filters of handlers and their classes. */
export class NestEnhancers {
  readonly #guards;
  readonly #guardsConsumer;
  readonly #interceptors;
  readonly #interceptorsConsumer;
  readonly #pipes;
  readonly #pipesConsumer;
  readonly #filters;

  /** @param modules the ModulesContainer of the application */
  constructor(
    private readonly internals: NestInternals,
    modules: object,
    private readonly forbidden: Forbidden,
  ) {
    const container = { getModules: () => modules };
    this.#guards = new internals.GuardsContextCreator(container);
    this.#guardsConsumer = new internals.GuardsConsumer();
    this.#interceptors = new internals.InterceptorsContextCreator(container);
    this.#interceptorsConsumer = new internals.InterceptorsConsumer();
    this.#pipes = new internals.PipesContextCreator(container);
    this.#pipesConsumer = new internals.PipesConsumer();
    this.#filters = new internals.BaseExceptionFilterContext(container);
  }

  /**
   * NestJS makes an enhancer once, so one that depends on a request would lack its dependencies.
   *
   * @throws DeploymentException for a request-scoped enhancer of the endpoint
   */
  requireStatic(endpointClass: EndpointClass, { injectables }: ModuleOfEndpoint): void {
    const prototype = endpointClass.prototype as object;
    const methods = Object.getOwnPropertyNames(prototype).map((name): unknown => Reflect.get(prototype, name));
    for (const holder of [endpointClass, ...methods]) {
      if (typeof holder !== 'function') continue;
      for (const key of ENHANCER_KEYS) {
        for (const enhancer of [readMetadata(key, holder) ?? []].flat() as unknown[]) {
          if (injectables.get(enhancer)?.isDependencyTreeStatic() !== false) continue;
          const name = typeof enhancer === 'function' ? enhancer.name : String(enhancer);
          throw new DeploymentException(
            `${endpointClass.name} has ${name}, which depends on a request. NestJS makes the guards, interceptors, pipes and filters of an endpoint once. Let ${name} read the request from its ExecutionContext, with the default scope.`,
          );
        }
      }
    }
  }

  /**
   * @param moduleKey of the module that provides the endpoint
   * @returns undefined if neither the method nor its class has an enhancer
   */
  around(moduleKey: string, endpointClass: EndpointClass, method: string | symbol): Enhanced | undefined {
    const prototype = endpointClass.prototype as object;
    // A handler is a method.
    const handler = Reflect.get(prototype, method) as Handler;
    // NestJS reads the class of an instance, and nothing else.
    const instance = Object.create(prototype) as object;
    // Finds the guards of class and method; those of the class decided on the handshake.
    this.#guards.create(instance, handler, moduleKey);
    const guards = this.#guards.createConcreteContext(readMetadata('__guards__', handler) ?? []);
    const interceptors = this.#interceptors.create(instance, handler, moduleKey);
    const pipes = this.#pipes.create(instance, handler, moduleKey);
    this.#filters.moduleContext = moduleKey;
    // The filters of the method come first.
    const filters = this.#filters.createContext(instance, handler, '__exceptionFilters__').reverse();
    if (guards.length + interceptors.length + pipes.length + filters.length === 0) return undefined;
    const metadata = { type: 'body', metatype: payloadType(prototype, method), data: undefined };

    return async (context, next) => {
      // As for a gateway: the client, the data, the pattern.
      const args = [context.session, context.message, method];
      try {
        const isAllowed = await this.#guardsConsumer.tryActivate(guards, args, instance, handler, 'ws');
        if (!isAllowed) throw new this.forbidden();
        const handle = async (): Promise<unknown> => {
          if (pipes.length > 0)
            context.message = await this.#pipesConsumer.applyPipes(context.message, metadata, pipes);
          return next();
        };
        return await settled(
          await this.#interceptorsConsumer.intercept(interceptors, args, instance, handler, handle, 'ws'),
        );
      } catch (error) {
        const filter = filters.find(({ exceptionMetatypes }) => catches(exceptionMetatypes, error));
        if (filter === undefined) throw error;
        const host = new this.internals.ExecutionContextHost(args, endpointClass, handler);
        host.setType('ws');
        return settled(await filter.func(error, host));
      }
    };
  }
}

/** `Reflect.getMetadata`, which NestJS installs. */
function readMetadata(key: string, target: object, property?: string | symbol): unknown {
  const read = Reflect.get(Reflect, 'getMetadata') as (
    key: string,
    target: object,
    property?: string | symbol,
  ) => unknown;
  return read(key, target, property);
}

/** The class of the parameter with the message, for pipes such as ValidationPipe. */
function payloadType(prototype: object, method: string | symbol): unknown {
  const types = readMetadata('design:paramtypes', prototype, method);
  if (!Array.isArray(types)) return undefined;
  const NOT_PAYLOADS: readonly unknown[] = [Object, String, Boolean, Number, undefined];
  return types.find((type: unknown) => !NOT_PAYLOADS.includes(type) && (type as { name?: string }).name !== 'Session');
}

function catches(types: readonly unknown[], error: unknown): boolean {
  return types.length === 0 || types.some((type) => typeof type === 'function' && error instanceof type);
}

/** The value of an Observable of rxjs: its last one. */
async function settled(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !('subscribe' in result)) return result;
  const observable = result as { subscribe(observer: object): unknown };
  return new Promise((resolve, reject) => {
    let last: unknown;
    observable.subscribe({
      next: (value: unknown) => (last = value),
      error: reject,
      complete: () => resolve(last),
    });
  });
}
