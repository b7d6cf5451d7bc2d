import type { AbstractClass } from './class-type';

/** What Java reads from a codec's type arguments: the native message, whole or as a stream, and the object's class. */
export interface CodecDeclaration<T, Format extends CodecFormat = CodecFormat> {
  readonly format: Format;
  /** The class of the object, or undefined where the object has no class at run time (an interface, a type alias). */
  readonly type: AbstractClass<T> | undefined;
  /** Never present; carries `T` for the compiler. */
  readonly object?: T;
}

/** The class of the objects; for `bigint` that is BigInt, which is no constructor, so its functions tell its type. */
export type CodecType<T> = AbstractClass<T> | { asIntN(bits: number, value: T): T };

/** The four forms of an encoder or decoder. */
export type CodecFormat = 'text' | 'binary' | 'textStream' | 'binaryStream';

/** @throws TypeError for a class that is undefined, as after a circular import; without an argument there is none */
function declare<T, Format extends CodecFormat>(
  format: Format,
  types: readonly [CodecType<T>?],
): CodecDeclaration<T, Format> {
  // BigInt has a prototype like the classes, and nobody constructs what is declared here.
  const type = types[0] as AbstractClass<T> | undefined;
  if (types.length > 0 && typeof type !== 'function') {
    throw new TypeError(
      `The class of a codec is ${String(type)}, most likely by a circular import. Move the class to a module of its own; for an interface pass nothing.`,
    );
  }
  return { format, type };
}

/** Makes the four functions that {@link Decoder} and {@link Encoder} offer; the names are the only difference. */
export const codecDeclarations = Object.freeze({
  /** A whole text message. Pass the object's class; leave it out for an interface: `text<Message>()`. */
  text: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'text'> => declare('text', type),
  /** A whole binary message. */
  binary: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'binary'> => declare('binary', type),
  /** A text message as a stream of characters. */
  textStream: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'textStream'> => declare('textStream', type),
  /** A binary message as a stream of bytes. */
  binaryStream: <T>(...type: [CodecType<T>?]): CodecDeclaration<T, 'binaryStream'> => declare('binaryStream', type),
});
