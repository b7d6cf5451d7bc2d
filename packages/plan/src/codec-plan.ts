import {
  DeploymentException,
  type AbstractClass,
  type AnyDecoder,
  type AnyEncoder,
  type Class,
  type Codec,
  type CodecDeclaration,
  type CodecFormat,
  type DecoderClass,
  type EncoderClass,
} from '@serval/api';
import { describeValue } from '@serval/api/spi';

/** One declared encoder or decoder. `slot` is its instance's place in a session's codecs. */
export interface CodecEntry {
  readonly name: string;
  readonly format: CodecFormat;
  /** The class it makes or takes; undefined for an object without a class at run time. */
  readonly type: AbstractClass<unknown> | undefined;
  readonly slot: number;
}

export interface DecoderEntry extends CodecEntry {
  readonly decoderClass: DecoderClass;
  /** The property that names a message's type. */
  readonly discriminator: string;
}

/** The codecs of an endpoint. A class listed as encoder and as decoder has one slot, and so one instance per session. */
export interface CodecPlan {
  readonly encoders: readonly CodecEntry[];
  readonly decoders: readonly DecoderEntry[];
  /** The classes to make instances of, by slot. */
  readonly classes: readonly Class<AnyEncoder | AnyDecoder>[];
}

const FORMATS: ReadonlySet<unknown> = new Set<CodecFormat>(['text', 'binary', 'textStream', 'binaryStream']);

/** @throws DeploymentException when a listed class is not a codec, or cannot be made without arguments */
export function planCodecs(
  endpoint: string,
  encoders: readonly EncoderClass[],
  decoders: readonly DecoderClass[],
): CodecPlan {
  const classes: Class<AnyEncoder | AnyDecoder>[] = [];
  const slotOf = (codecClass: Class<AnyEncoder | AnyDecoder>): number => {
    const slot = classes.indexOf(codecClass);
    return slot >= 0 ? slot : classes.push(codecClass) - 1;
  };
  return {
    encoders: list(endpoint, 'encoders', encoders).map((encoderClass) => {
      const { name, format, type } = check(endpoint, 'encoder', encoderClass, encoderClass?.encodes);
      return { name, format, type, slot: slotOf(encoderClass) };
    }),
    decoders: list(endpoint, 'decoders', decoders).map((decoderClass) => {
      const { name, format, type } = check(endpoint, 'decoder', decoderClass, decoderClass?.decodes);
      return {
        name,
        format,
        type,
        slot: slotOf(decoderClass),
        decoderClass,
        discriminator: discriminatorOf(decoderClass),
      };
    }),
    classes,
  };
}

function list<T>(endpoint: string, attribute: string, value: readonly T[]): readonly T[] {
  if (Array.isArray(value)) return value as readonly T[];
  throw badCodec(`${endpoint}: ${attribute} is a list of classes; found ${describeValue(value)}.`);
}

function check(
  endpoint: string,
  role: 'encoder' | 'decoder',
  codecClass: Class<AnyEncoder | AnyDecoder>,
  declaration: CodecDeclaration<unknown> | undefined,
): { name: string; format: CodecFormat; type: AbstractClass<unknown> | undefined } {
  const [verb, method, example] =
    role === 'encoder' ? ['encodes', 'encode', 'Encoder.text'] : ['decodes', 'decode', 'Decoder.text'];
  if (typeof codecClass !== 'function') {
    throw badCodec(`${endpoint}: each ${role} is a class; found ${describeValue(codecClass)}.`);
  }
  const name = codecClass.name;
  if (!isDeclaration(declaration)) {
    throw badCodec(
      `${endpoint}: ${role} ${name} does not say what it ${verb}; ` +
        `add "static readonly ${verb} = ${example}(YourClass)" or its binary, textStream or binaryStream form (WSC-4.1).`,
    );
  }
  if (typeof (codecClass.prototype as Record<string, unknown>)[method] !== 'function') {
    throw badCodec(`${endpoint}: ${role} ${name} has no method ${method}.`);
  }
  if (codecClass.length > 0) {
    throw badCodec(
      `${endpoint}: the constructor of ${role} ${name} must not need arguments; it declares ${codecClass.length}.`,
    );
  }
  return { name, format: declaration.format, type: declaration.type };
}

/** Of a codec such as `json(schema)`, the one that its options name. */
function discriminatorOf(decoderClass: DecoderClass): string {
  const { discriminator = 'type' } = decoderClass as Partial<Codec>;
  return discriminator;
}

function isDeclaration(value: CodecDeclaration<unknown> | undefined): value is CodecDeclaration<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return FORMATS.has(value.format) && (value.type === undefined || typeof value.type === 'function');
}

function badCodec(message: string): DeploymentException {
  return new DeploymentException(message, undefined, 'WS_DEPLOY_BAD_CODEC');
}
