import type { EndpointConfig } from '@serval/api';
import type { EndpointPlan } from '@serval/plan';
import { encodeForMany, type Encoding } from './encoders';
import { isThenable } from './promises';
import { hasEncoderFor, SessionCodecs } from './session-codecs';

/** A deployed endpoint, whose sessions may be on other nodes. */
export interface DeployedPlan {
  readonly path: string;
  readonly plan: EndpointPlan;
  readonly config: EndpointConfig;
}

/** Encoders of endpoints that have no session here: created for the first message to other nodes, kept until the container stops. */
export class DeployedEncoders {
  readonly #codecs = new Map<EndpointPlan, SessionCodecs | Promise<SessionCodecs>>();

  constructor(private readonly fragmentSize: number) {}

  /**
   * @returns undefined when no encoder of the endpoint takes the object
   * @throws the error of the encoder, or of its constructor or `init`; all of them may be rejections
   */
  encode({ plan, config }: DeployedPlan, object: unknown): Encoding | undefined {
    if (!hasEncoderFor(plan.codecs, object)) return undefined;
    let codecs = this.#codecs.get(plan);
    if (codecs === undefined) this.#codecs.set(plan, (codecs = this.#create(plan, config)));
    const encode = (created: SessionCodecs): Encoding => encodeForMany(created, object, this.fragmentSize);
    return isThenable(codecs) ? codecs.then(encode) : encode(codecs);
  }

  #create(plan: EndpointPlan, config: EndpointConfig): SessionCodecs | Promise<SessionCodecs> {
    const created = SessionCodecs.create(plan.codecs, config);
    if (!isThenable(created)) return created;
    return Promise.resolve(created).then(
      (codecs) => {
        this.#codecs.set(plan, codecs);
        return codecs;
      },
      (error: unknown) => {
        // The next message tries again.
        this.#codecs.delete(plan);
        throw error;
      },
    );
  }

  /** @returns the errors of `destroy` */
  async destroy(): Promise<readonly Error[]> {
    const all = [...this.#codecs.values()];
    this.#codecs.clear();
    const errors: Error[] = [];
    for (const creating of all) {
      try {
        errors.push(...(await (await creating).destroy()));
      } catch {
        // Its creation failed, which the sender of that message learned.
      }
    }
    return errors;
  }
}
