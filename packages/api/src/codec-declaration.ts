import type { AbstractClass } from './class-type';

/**
 * Declares what Java reads from a codec's type arguments: the native message type, whole or as a stream, and the class of
 * the object.
 */
export interface CodecDeclaration<T, Format extends CodecFormat = CodecFormat> {
  readonly format: Format;
  /** The class of the object, or undefined if the object has no class at run time (an interface, a type alias). */
  readonly type: AbstractClass<T> | undefined;
  /** Never present; carries `T` for the compiler. */
  readonly object?: T;
}

/** The class of the objects. For `bigint` it is BigInt, which is not a constructor; `asIntN` identifies it instead. */
export type CodecType<T> = AbstractClass<T> | { asIntN(bits: number, value: T): T };

/** The four forms of an encoder or decoder. */
export type CodecFormat = 'text' | 'binary' | 'textStream' | 'binaryStream';

/** @throws TypeError when an argument is passed that is not a class, such as undefined after a circular import */
export function declareCodec<T, Format extends CodecFormat>(
  format: Format,
  types: readonly [CodecType<T>?],
): CodecDeclaration<T, Format> {
  // BigInt has a prototype like the classes, and no code constructs the declared type.
  const type = types[0] as AbstractClass<T> | undefined;
  if (types.length > 0 && typeof type !== 'function') {
    throw new TypeError(
      `The class of a codec is ${String(type)}, most likely because of a circular import. Move the class to its own module; for an interface pass nothing.`,
    );
  }
  return { format, type };
}

/** The four functions of {@link Decoder} and {@link Encoder}. */
export const codecDeclarations = Object.freeze({
  /** A whole text message. Pass the object's class; leave it out for an interface: `text<Message>()`. */
  text: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'text'> => declareCodec('text', type),
  /** A whole binary message. */
  binary: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'binary'> => declareCodec('binary', type),
  /** A text message as a stream of characters. */
  textStream: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'textStream'> => declareCodec('textStream', type),
  /** A binary message as a stream of bytes. */
  binaryStream: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'binaryStream'> =>
    declareCodec('binaryStream', type),
});
