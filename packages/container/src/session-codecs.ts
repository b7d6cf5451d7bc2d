import type { AnyDecoder, AnyEncoder, EndpointConfig } from '@serval/api';
import type { CodecEntry, CodecPlan } from '@serval/plan';
import { isBytes } from './binary-data';
import { isThenable, toError } from './promises';

type Codec = AnyDecoder | AnyEncoder;

/** An encoder of a session that takes an object, and its declaration. */
export interface FoundEncoder {
  readonly entry: CodecEntry;
  readonly encoder: AnyEncoder;
}

/** The encoder and decoder instances of one session: one per class, from before the session opens until it has closed. */
export class SessionCodecs {
  readonly #instances: readonly Codec[];

  /** Use {@link SessionCodecs.create}. */
  constructor(
    private readonly plan: CodecPlan,
    instances: readonly Codec[],
  ) {
    this.#instances = instances;
  }

  /**
   * Makes and initialises the instances; at once, unless an `init` returns a promise.
   *
   * @throws (as a rejection) the error of a constructor or `init`; the codecs initialised before it are destroyed again
   */
  static create(plan: CodecPlan, config: EndpointConfig): SessionCodecs | Promise<SessionCodecs> {
    if (plan.classes.length === 0) return NONE;
    const instances: Codec[] = [];
    const codecs = new SessionCodecs(plan, instances);
    const failed = async (error: unknown): Promise<never> => {
      await codecs.destroy();
      throw error;
    };
    const initialise = (first: number): SessionCodecs | Promise<SessionCodecs> => {
      for (const [slot, codecClass] of plan.classes.entries()) {
        if (slot < first) continue;
        const codec = new codecClass();
        const going = codec.init?.(config);
        if (isThenable(going)) {
          return Promise.resolve(going).then(() => {
            instances.push(codec);
            return initialise(slot + 1);
          });
        }
        instances.push(codec);
      }
      return codecs;
    };
    try {
      const created = initialise(0);
      return created instanceof SessionCodecs ? created : created.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  decoder(entry: CodecEntry): AnyDecoder {
    // planCodecs has checked that the class in this slot has a decode method.
    return this.#instances[entry.slot] as AnyDecoder;
  }

  /** The first encoder in declared order that takes the object, or undefined. */
  encoderFor(object: unknown): FoundEncoder | undefined {
    const entry = this.plan.encoders.find(({ type }) => takes(type, object));
    return entry && { entry, encoder: this.#instances[entry.slot] as AnyEncoder };
  }

  /** Calls every `destroy`, even if others fail. @returns their errors */
  async destroy(): Promise<Error[]> {
    const errors: Error[] = [];
    for (const codec of this.#instances) {
      try {
        await codec.destroy?.();
      } catch (error) {
        errors.push(toError(error));
      }
    }
    return errors;
  }
}

/** Of all sessions whose endpoints have no codecs. */
const NONE = new SessionCodecs({ encoders: [], decoders: [], classes: [] }, []);

/** Whether an encoder of the plan takes the object. */
export function hasEncoderFor(plan: CodecPlan, object: unknown): boolean {
  return plan.encoders.some(({ type }) => takes(type, object));
}

/** Whether an encoder declared for `type` takes the object; primitives are matched by their wrapper classes. */
function takes(type: CodecEntry['type'], object: unknown): boolean {
  const isObject = (typeof object === 'object' && object !== null) || typeof object === 'function';
  if (type === undefined) return isObject && !isBytes(object);
  return isObject ? object instanceof type : WRAPPERS.get(typeof object) === type;
}

const WRAPPERS = new Map<string, unknown>([
  ['string', String],
  ['number', Number],
  ['boolean', Boolean],
  ['bigint', BigInt],
]);
