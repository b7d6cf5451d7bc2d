import type { Class } from './class-type';
import { codecDeclarations, type CodecDeclaration } from './codec-declaration';
import type { BinaryData } from './remote-endpoint';
import type { EndpointConfig } from './endpoint-config';
import type { OutputStream, Writer } from './streams';

/**
 * Turns objects into messages, for `sendObject` and for the return values of `@OnMessage` methods. The container creates,
 * initialises and destroys an encoder as it does a {@link Decoder}. The static member `encodes` declares its form.
 *
 * The container uses the first encoder in declared order whose class the object is an instance of. An encoder declared
 * without a class accepts any object. `Encoder.text(Number)` replaces the standard conversion of numbers; the same works
 * for the other primitive types.
 *
 * @see WSC-4.1.2
 */
export interface Encoder {
  init?(config: EndpointConfig): void | Promise<void>;
  destroy?(): void | Promise<void>;
}

/** Declares an encoder's form and the class that it accepts: `static readonly encodes = Encoder.text(Message)`. */
export const Encoder = codecDeclarations;

export declare namespace Encoder {
  export interface Text<T> extends Encoder {
    /** @throws EncodeException when it cannot encode the object; the session stays usable */
    encode(object: T): string | Promise<string>;
  }
  export interface Binary<T> extends Encoder {
    encode(object: T): BinaryData | Promise<BinaryData>;
  }
  export interface TextStream<T> extends Encoder {
    /** Writes the object; the container closes the writer. */
    encode(object: T, writer: Writer): void | Promise<void>;
  }
  export interface BinaryStream<T> extends Encoder {
    /** Writes the object; the container closes the stream. */
    encode(object: T, stream: OutputStream): void | Promise<void>;
  }
}

/** An encoder in one of its four forms. */
export type AnyEncoder<T = unknown> =
  Encoder.Text<T> | Encoder.Binary<T> | Encoder.TextStream<T> | Encoder.BinaryStream<T>;

/** A class for an endpoint's list of encoders. */
export interface EncoderClass<T = unknown> extends Class<AnyEncoder<T>> {
  readonly encodes: CodecDeclaration<T>;
}

/** The objects that a list of encoders accepts. */
export type Encodable<E extends readonly EncoderClass[]> = EncodedBy<E[number]>;

type EncodedBy<E> = E extends { readonly encodes: CodecDeclaration<infer T> } ? T : never;
