import {
  InputStream,
  PongMessage,
  Reader,
  type AbstractClass,
  type CodecDeclaration,
  type PrimitiveType,
} from '@serval/api';
import type { CodecPlan, DecoderEntry } from './codec-plan';
import { isPrimitiveType } from './primitives';

/** The three kinds of message that RFC 6455 delivers to an endpoint. */
export type NativeType = 'text' | 'binary' | 'pong';

/** How an arrived message becomes a payload. */
export type Decoding =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'array-buffer' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'primitive'; readonly type: PrimitiveType }
  | { readonly kind: 'stream' }
  | {
      readonly kind: 'decoders';
      readonly candidates: readonly DecoderEntry[];
      /** A stream decoder behind the others, which takes what they decline. */
      readonly otherwise: DecoderEntry | undefined;
      readonly type: string;
    }
  | { readonly kind: 'stream-decoder'; readonly decoder: DecoderEntry };

/** The way in which one native type delivers a payload type. */
export interface PayloadPlan {
  readonly native: NativeType;
  readonly decoding: Decoding;
  /** Whether the payload may come in parts, with a boolean that tells the last. */
  readonly divisible: boolean;
}

/** A payload that a parameter list may ask for: a class, a primitive, or a decoder class for what it decodes. */
export type PayloadType = AbstractClass<unknown> | PrimitiveType | { readonly decodes: CodecDeclaration<unknown> };

/** Stands for the objects of all decoders of an endpoint, in a list of roles that the container itself writes. */
export class AnyDecoded {}

/** The result of {@link planPayload} when no decoder makes the class. */
export const NO_DECODER = Symbol('no decoder');

/**
 * The native types that can deliver a payload type, and how; an object that has decoders for text and for binary takes
 * both.
 */
export function planPayload(type: PayloadType, codecs: CodecPlan): readonly PayloadPlan[] | typeof NO_DECODER {
  if (type === AnyDecoded) return planDecoders(codecs.decoders, undefined);
  if (type === String) return [{ native: 'text', decoding: { kind: 'as-is' }, divisible: true }];
  if (isPrimitiveType(type)) return [{ native: 'text', decoding: { kind: 'primitive', type }, divisible: false }];
  if (type === Reader) return ownDecoders(type, codecs) ?? [STREAM_OF_TEXT];
  if (type === Buffer || type === Uint8Array)
    return [{ native: 'binary', decoding: { kind: 'as-is' }, divisible: true }];
  if (type === ArrayBuffer) return [{ native: 'binary', decoding: { kind: 'array-buffer' }, divisible: true }];
  if (type === InputStream) return ownDecoders(type, codecs) ?? [STREAM_OF_BYTES];
  if (type === PongMessage) return [{ native: 'pong', decoding: { kind: 'pong' }, divisible: false }];
  return decodersOf(type, codecs);
}

const STREAM_OF_TEXT: PayloadPlan = { native: 'text', decoding: { kind: 'stream' }, divisible: false };
const STREAM_OF_BYTES: PayloadPlan = { native: 'binary', decoding: { kind: 'stream' }, divisible: false };

/** A decoder that the endpoint declares for a stream has no other use, so that it comes before the container's stream. */
function ownDecoders(type: PayloadType, codecs: CodecPlan): readonly PayloadPlan[] | undefined {
  const plans = decodersOf(type, codecs);
  return plans === NO_DECODER ? undefined : plans;
}

function decodersOf(type: PayloadType, codecs: CodecPlan): readonly PayloadPlan[] | typeof NO_DECODER {
  return planDecoders(
    codecs.decoders.filter((entry) => makes(entry, type)),
    type,
  );
}

/** The payload of decoders that make objects without a class, or NO_DECODER when there are none. */
export function planUntypedPayload(codecs: CodecPlan): readonly PayloadPlan[] | typeof NO_DECODER {
  return planDecoders(
    codecs.decoders.filter((entry) => entry.type === undefined),
    undefined,
  );
}

function makes(entry: DecoderEntry, wanted: PayloadType): boolean {
  if (entry.decoderClass === wanted) return true;
  if (entry.type === undefined || typeof wanted !== 'function') return false;
  return entry.type === wanted || entry.type.prototype instanceof wanted;
}

function planDecoders(
  candidates: readonly DecoderEntry[],
  type: PayloadType | undefined,
): readonly PayloadPlan[] | typeof NO_DECODER {
  const plans: PayloadPlan[] = [];
  for (const native of ['text', 'binary'] as const) {
    const matching = candidates.filter(({ format }) => format.startsWith(native));
    const [first] = matching;
    if (first === undefined) continue;
    // A stream decoder has no willDecode: it ends the search, and later decoders are not tried.
    const stream = matching.findIndex(({ format }) => format.endsWith('Stream'));
    const decoding: Decoding =
      stream === 0
        ? { kind: 'stream-decoder', decoder: first }
        : {
            kind: 'decoders',
            candidates: stream < 0 ? matching : matching.slice(0, stream),
            otherwise: matching[stream],
            type: type === undefined ? 'the object' : nameOf(type),
          };
    plans.push({ native, decoding, divisible: false });
  }
  return plans.length === 0 ? NO_DECODER : plans;
}

function nameOf(type: PayloadType): string {
  return typeof type === 'function' ? type.name : 'the object';
}
