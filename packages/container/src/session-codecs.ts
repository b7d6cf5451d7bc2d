import { EncodeException, type AnyDecoder, type AnyEncoder, type EndpointConfig } from '@serval/api';
import type { CodecEntry, CodecPlan } from './codec-plan';
import { toError } from './promises';

type Codec = AnyDecoder | AnyEncoder;

/** The encoder and decoder instances of one session: one per class, from before the session opens until it has closed. */
export class SessionCodecs {
  readonly #instances: readonly Codec[];

  private constructor(
    private readonly plan: CodecPlan,
    instances: readonly Codec[],
  ) {
    this.#instances = instances;
  }

  /**
   * Makes and initialises the instances.
   *
   * @throws whatever a constructor or `init` throws; what was initialised before it is destroyed again
   */
  static create(plan: CodecPlan, config: EndpointConfig): SessionCodecs {
    const instances: Codec[] = [];
    const codecs = new SessionCodecs(plan, instances);
    try {
      for (const codecClass of plan.classes) {
        const codec = new codecClass();
        codec.init?.(config);
        instances.push(codec);
      }
    } catch (error) {
      codecs.destroy();
      throw error;
    }
    return codecs;
  }

  decoder(entry: CodecEntry): AnyDecoder {
    // planCodecs has checked that the class in this slot has a decode method.
    return this.#instances[entry.slot] as AnyDecoder;
  }

  /** The first encoder in declared order that takes the object, or undefined. */
  encoderFor(object: unknown): { readonly entry: CodecEntry; readonly encoder: AnyEncoder } | undefined {
    const entry = this.plan.encoders.find(({ type }) => takes(type, object));
    return entry && { entry, encoder: this.#instances[entry.slot] as AnyEncoder };
  }

  /** Calls every `destroy`, whatever the others do, and gives back what they threw. */
  destroy(): Error[] {
    const errors: Error[] = [];
    for (const codec of this.#instances) {
      try {
        codec.destroy?.();
      } catch (error) {
        errors.push(toError(error));
      }
    }
    return errors;
  }
}

/** Whether an encoder declared for `type` takes the object; primitives are matched by their wrapper classes. */
function takes(type: CodecEntry['type'], object: unknown): boolean {
  const isObject = (typeof object === 'object' && object !== null) || typeof object === 'function';
  if (type === undefined) return isObject && !ArrayBuffer.isView(object) && !(object instanceof ArrayBuffer);
  return isObject ? object instanceof type : WRAPPERS.get(typeof object) === type;
}

const WRAPPERS = new Map<string, unknown>([
  ['string', String],
  ['number', Number],
  ['boolean', Boolean],
  ['bigint', BigInt],
]);

/** The error for an object that nothing encodes. */
export function noEncoder(object: unknown): EncodeException {
  const type =
    object === null ? 'null' : typeof object === 'object' ? (object.constructor?.name ?? 'object') : typeof object;
  return new EncodeException(
    object,
    `No encoder of the endpoint takes a ${type}; add one to its encoders, or send a string or bytes.`,
  );
}
