import type { Class } from './class-type';
import { codecDeclarations, type CodecDeclaration } from './codec-declaration';
import type { EndpointConfig } from './endpoint-config';
import type { InputStream, Reader } from './streams';

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
