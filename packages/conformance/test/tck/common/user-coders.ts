import { Encoder, type EncoderClass, type OutputStream, type Writer } from 'serval';

// Encoders that replace the container's own for Java's primitives. Java has eight classes for each form; byte, short,
// int, float and double are all `number` here, so four do.

const CODED = 'Anything that should have been coded has been coded into this';

abstract class TextCoder {
  encode(_object: unknown): string {
    return CODED;
  }
}

class TextCoderBool extends TextCoder {
  static readonly encodes = Encoder.text(Boolean);
}
class TextCoderChar extends TextCoder {
  static readonly encodes = Encoder.text(String);
}
class TextCoderNumber extends TextCoder {
  static readonly encodes = Encoder.text(Number);
}
class TextCoderLong extends TextCoder {
  static readonly encodes = Encoder.text(BigInt);
}

abstract class TextStreamCoder {
  async encode(_object: unknown, writer: Writer): Promise<void> {
    await writer.write(CODED);
    await writer.close();
  }
}

class TextStreamCoderBool extends TextStreamCoder {
  static readonly encodes = Encoder.textStream(Boolean);
}
class TextStreamCoderChar extends TextStreamCoder {
  static readonly encodes = Encoder.textStream(String);
}
class TextStreamCoderNumber extends TextStreamCoder {
  static readonly encodes = Encoder.textStream(Number);
}
class TextStreamCoderLong extends TextStreamCoder {
  static readonly encodes = Encoder.textStream(BigInt);
}

abstract class BinaryCoder {
  encode(_object: unknown): Buffer {
    return Buffer.from(CODED);
  }
}

class BinaryCoderBool extends BinaryCoder {
  static readonly encodes = Encoder.binary(Boolean);
}
class BinaryCoderChar extends BinaryCoder {
  static readonly encodes = Encoder.binary(String);
}
class BinaryCoderNumber extends BinaryCoder {
  static readonly encodes = Encoder.binary(Number);
}
class BinaryCoderLong extends BinaryCoder {
  static readonly encodes = Encoder.binary(BigInt);
}

abstract class BinaryStreamCoder {
  async encode(_object: unknown, stream: OutputStream): Promise<void> {
    await stream.write(Buffer.from(CODED));
    await stream.close();
  }
}

class BinaryStreamCoderBool extends BinaryStreamCoder {
  static readonly encodes = Encoder.binaryStream(Boolean);
}
class BinaryStreamCoderChar extends BinaryStreamCoder {
  static readonly encodes = Encoder.binaryStream(String);
}
class BinaryStreamCoderNumber extends BinaryStreamCoder {
  static readonly encodes = Encoder.binaryStream(Number);
}
class BinaryStreamCoderLong extends BinaryStreamCoder {
  static readonly encodes = Encoder.binaryStream(BigInt);
}

export const TEXT_CODERS: readonly EncoderClass[] = [TextCoderBool, TextCoderChar, TextCoderNumber, TextCoderLong];
export const TEXT_STREAM_CODERS: readonly EncoderClass[] = [
  TextStreamCoderBool,
  TextStreamCoderChar,
  TextStreamCoderNumber,
  TextStreamCoderLong,
];
export const BINARY_CODERS: readonly EncoderClass[] = [
  BinaryCoderBool,
  BinaryCoderChar,
  BinaryCoderNumber,
  BinaryCoderLong,
];
export const BINARY_STREAM_CODERS: readonly EncoderClass[] = [
  BinaryStreamCoderBool,
  BinaryStreamCoderChar,
  BinaryStreamCoderNumber,
  BinaryStreamCoderLong,
];
