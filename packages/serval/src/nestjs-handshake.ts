import { IncomingMessage, type ServerResponse } from 'node:http';
import { HandshakeRejection, type EndpointClass } from '@serval/api';
import { readClassRecord } from '@serval/api/spi';

/** The ExternalContextCreator of @nestjs/core, which runs the guards of the application, a class and a method. */
export interface NestContextCreator {
  create(
    instance: object,
    handler: () => unknown,
    name: string,
    metadataKey: undefined,
    paramsFactory: undefined,
    contextId: undefined,
    inquirerId: undefined,
    options: { guards: boolean; interceptors: boolean; filters: boolean },
    type: string,
  ): Guarded;
}

/** The HttpAdapterHost of @nestjs/core. */
export interface NestAdapterHost {
  readonly httpAdapter?: { getHttpServer(): object | undefined; getType(): string; getInstance(): object } | undefined;
}

/** The HttpException of @nestjs/common. */
export type NestHttpException = abstract new (...args: never[]) => Error & {
  getStatus(): number;
  getResponse(): string | object;
};

type Guarded = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

/** An endpoint, and the path parameters of a request for it. */
interface EndpointMatch {
  readonly target: { readonly plan: { readonly endpointClass: EndpointClass } };
  readonly pathParameters: ReadonlyMap<string, string>;
}

/** Runs guards on the handshakes of deployed endpoints. */
export class NestHandshakes {
  readonly #guarded = new Map<EndpointClass, Guarded>();

  constructor(
    private readonly contexts: NestContextCreator,
    private readonly adapterHost: NestAdapterHost,
    private readonly HttpException: NestHttpException,
  ) {}

  /**
   * Runs the guards of the application, of the endpoint and of its `@OnOpen`.
   *
   * @returns false if a guard has answered
   * @throws HandshakeRejection with the status and the body of an HttpException, or the error of a guard
   */
  async guard(
    { target, pathParameters }: EndpointMatch,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    // As a request of Express or Fastify has them.
    const query = Object.fromEntries(new URL(request.url ?? '/', 'http://localhost').searchParams);
    Object.assign(request, { params: Object.fromEntries(pathParameters), query });
    this.#asOfExpress(request, response);
    try {
      await this.#guardedBy(target.plan.endpointClass)(request, response);
    } catch (error) {
      // A guard that redirects returns false as well.
      if (!response.headersSent) throw this.#refusalFor(error);
    }
    return !response.headersSent;
  }

  /** Gives both objects the methods of Express, such as `response.redirect`, as its application does for a route. */
  #asOfExpress(request: IncomingMessage, response: ServerResponse): void {
    const { httpAdapter } = this.adapterHost;
    // Express does not serve HTTP/2.
    if (httpAdapter?.getType() !== 'express' || !(request instanceof IncomingMessage)) return;
    const { request: requestMethods, response: responseMethods } = httpAdapter.getInstance() as ExpressApplication;
    Object.setPrototypeOf(request, requestMethods);
    Object.setPrototypeOf(response, responseMethods);
    Object.assign(request, { res: response });
    Object.assign(response, { locals: Object.create(null) as object });
  }

  /** The answer of NestJS's own filter for the exceptions of a route. */
  #refusalFor(error: unknown): unknown {
    if (!(error instanceof this.HttpException)) return error;
    const status = error.getStatus();
    const found = error.getResponse();
    const body = typeof found === 'string' ? { statusCode: status, message: found } : found;
    const headers = { 'Content-Type': 'application/json; charset=utf-8' };
    return new HandshakeRejection(status, { headers, body: JSON.stringify(body), cause: error });
  }

  #guardedBy(endpointClass: EndpointClass): Guarded {
    const known = this.#guarded.get(endpointClass);
    if (known !== undefined) return known;
    const prototype = endpointClass.prototype as object;
    const open = readClassRecord(endpointClass)?.handlers.find(({ kind }) => kind === 'open')?.method;
    const opening: unknown = open === undefined ? undefined : Reflect.get(prototype, open);
    // Stands for the method, which runs later: guards see its metadata.
    const handshake = (): void => undefined;
    if (typeof opening === 'function') copyMetadata(opening, handshake);
    const only = { guards: true, interceptors: false, filters: false };
    // NestJS reads the class of an instance, and nothing else.
    const instance = Object.create(prototype) as object;
    const none = undefined;
    const guarded = this.contexts.create(instance, handshake, 'handshake', none, none, none, none, only, 'http');
    this.#guarded.set(endpointClass, guarded);
    return guarded;
  }
}

/** The prototypes of an Express application. */
interface ExpressApplication {
  readonly request: object;
  readonly response: object;
}

/** The functions that NestJS installs on Reflect. */
interface ReflectMetadata {
  getMetadataKeys(target: object): unknown[];
  getMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

function copyMetadata(from: object, to: object): void {
  const metadata = Reflect as unknown as ReflectMetadata;
  for (const key of metadata.getMetadataKeys(from)) metadata.defineMetadata(key, metadata.getMetadata(key, from), to);
}
