import { brand } from './brand';
import type { Class } from './class-type';
import { codecDeclarations, type CodecDeclaration } from './codec-declaration';
import type { BinaryData, InputStream, OutputStream, Reader, Writer } from './streams';

// A configuration has the classes of codecs, and their init takes the configuration.

/**
 * The configuration of an endpoint. It is a class so that the container can recognise the parameter type in
 * `open(config: EndpointConfig)`.
 *
 * @see WSC-3
 */
export abstract class EndpointConfig {
  /** In declared order. */
  abstract getEncoders(): readonly EncoderClass[];
  /** In declared order. */
  abstract getDecoders(): readonly DecoderClass[];
  /**
   * Your own data. Each connection gets a shallow copy of the deployed configuration's map. `modifyHandshake` may edit
   * the copy, and the session's own map starts with its entries (WS 2.1).
   */
  abstract getUserProperties(): Map<string, unknown>;
}

brand(EndpointConfig, 'EndpointConfig');

/**
 * Turns messages into objects. The container creates one instance per session, calls `init` before the session opens and
 * `destroy` after it closes. If a class is both a decoder and an encoder, the session has one instance of it.
 *
 * The static member `decodes` declares what Java declares with type arguments. `decode` may return a promise; the next
 * message waits for it.
 *
 * @example
 * class MessageDecoder implements Decoder.Text<Message> {
 *   static readonly decodes = Decoder.text(Message);
 *   willDecode(text: string) { return text.startsWith('{'); }
 *   decode(text: string) { return Message.from(JSON.parse(text)); }
 * }
 *
 * @see WSC-4.1.3
 */
export interface Decoder {
  init?(config: EndpointConfig): void | Promise<void>;
  destroy?(): void | Promise<void>;
}

/** Declares a decoder's form and the class that it produces: `static readonly decodes = Decoder.text(Message)`. */
export const Decoder = codecDeclarations;

export declare namespace Decoder {
  export interface Text<T> extends Decoder {
    /** @throws DecodeException when it cannot decode the text; `@OnError` receives it and the session stays open */
    decode(text: string): T | Promise<T>;
    /** Whether this decoder accepts the message. Without this method it accepts every message. */
    willDecode?(text: string): boolean;
  }
  export interface Binary<T> extends Decoder {
    decode(bytes: Buffer): T | Promise<T>;
    willDecode?(bytes: Buffer): boolean;
  }
  export interface TextStream<T> extends Decoder {
    decode(reader: Reader): T | Promise<T>;
  }
  export interface BinaryStream<T> extends Decoder {
    decode(stream: InputStream): T | Promise<T>;
  }
}

/** A decoder in one of its four forms. */
export type AnyDecoder<T = unknown> =
  Decoder.Text<T> | Decoder.Binary<T> | Decoder.TextStream<T> | Decoder.BinaryStream<T>;

/** A class for an endpoint's list of decoders. */
export interface DecoderClass<T = unknown> extends Class<AnyDecoder<T>> {
  readonly decodes: CodecDeclaration<T>;
}

/** The objects that a list of decoders produces. */
export type Decoded<D extends readonly DecoderClass[]> = DecodedBy<D[number]>;

type DecodedBy<D> = D extends { readonly decodes: CodecDeclaration<infer T> } ? T : never;

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
