import type { EndpointClass, HandshakeRequest } from '@serval/api';
import { badOption, isOptionsObject, type OptionKind } from '@serval/api/spi';
import { isThenable, toError } from '@serval/container';

/**
 * Creates the endpoint instances of a container, and destroys them: the seam for dependency injection. `serval/nestjs`,
 * `serval/inversify`, `serval/tsyringe` and `serval/awilix` have implementations.
 */
export interface InstanceFactory {
  /**
   * Returns an instance of the class, or an object that behaves like one. It runs before the handshake is answered; an
   * exception refuses the handshake with 500, a `HandshakeRejection` with its status.
   */
  create(endpointClass: EndpointClass, request: HandshakeRequest): object | Promise<object>;
  /**
   * Ends the life of an instance that `create` returned. The container calls it once for each call of `create`: after
   * `@OnClose` and the end of the codecs, or once the handshake has failed. An error goes to `@OnError`, or to the log if
   * there is no session.
   */
  destroy?(instance: object): unknown;
}

/** A factory, or its `create` alone. */
export type InstanceFactoryOption = InstanceFactory | InstanceFactory['create'];

export const INSTANCE_FACTORY: OptionKind<InstanceFactory> = {
  expected: 'a function, or an object with a method create',
  read(given, name) {
    // The caller is responsible for the signatures.
    if (typeof given === 'function') return { create: given as InstanceFactory['create'] };
    const { create, destroy }: { create?: unknown; destroy?: unknown } = isOptionsObject(given) ? given : {};
    if (typeof create === 'function' && (destroy === undefined || typeof destroy === 'function'))
      return given as InstanceFactory;
    throw badOption(name, INSTANCE_FACTORY.expected, given);
  },
};

/** The instances that a factory created for one handshake and its session. */
export class InstanceLease {
  #created: object[] = [];
  #isOver = false;

  constructor(private readonly factory: InstanceFactory) {}

  /** Creates an instance; at once, unless the factory returns a promise. */
  create(endpointClass: EndpointClass, request: HandshakeRequest): object | Promise<object> {
    const created = this.factory.create(endpointClass, request);
    if (!isThenable(created)) return this.#keep(created);
    return Promise.resolve(created as Promise<object>).then((instance) => this.#keep(instance));
  }

  #keep(instance: object): object {
    // A factory in JavaScript may return anything; the handshake then fails.
    if (typeof instance !== 'object' || instance === null) return instance;
    this.#created.push(instance);
    // It came too late, such as after an await of a configurator that nothing waits for any more.
    if (this.#isOver) void this.end();
    return instance;
  }

  /** Destroys the instances, each once. Never rejects. @returns the errors */
  async end(): Promise<readonly Error[]> {
    this.#isOver = true;
    const errors: Error[] = [];
    for (const instance of this.#created.splice(0)) {
      try {
        await this.factory.destroy?.(instance);
      } catch (thrown) {
        errors.push(toError(thrown));
      }
    }
    return errors;
  }
}
