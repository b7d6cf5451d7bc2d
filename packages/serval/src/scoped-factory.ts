import type { EndpointClass, HandshakeRequest } from '@serval/api';
import type { InstanceFactory } from '@serval/server';

/** The scopes of a dependency injection container. */
export interface Scopes<S> {
  open(request: HandshakeRequest): S;
  create(scope: S, endpointClass: EndpointClass): object | Promise<object>;
  /** @param instance undefined if its creation failed */
  close(scope: S, instance: object | undefined): unknown;
}

/** An instance factory with one scope per session. */
export class ScopedFactory<S> implements InstanceFactory {
  /** By instance. A list, because a container may return the same instance for several sessions. */
  readonly #open = new WeakMap<object, S[]>();

  constructor(private readonly scopes: Scopes<S>) {}

  async create(endpointClass: EndpointClass, request: HandshakeRequest): Promise<object> {
    const scope = this.scopes.open(request);
    try {
      const instance = await this.scopes.create(scope, endpointClass);
      const open = this.#open.get(instance);
      if (open === undefined) this.#open.set(instance, [scope]);
      else open.push(scope);
      return instance;
    } catch (error) {
      await this.scopes.close(scope, undefined);
      throw error;
    }
  }

  async destroy(instance: object): Promise<void> {
    const [scope] = this.#open.get(instance)?.splice(0, 1) ?? [];
    if (scope !== undefined) await this.scopes.close(scope, instance);
  }
}
