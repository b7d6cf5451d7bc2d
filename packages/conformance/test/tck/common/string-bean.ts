import { Decoder, Encoder, type InputStream, type OutputStream, type Reader, type Writer } from 'serval';
import { JavaPackage } from '../java-names';

/** A string in an object, which a container cannot send or receive without a codec. */
@JavaPackage('common.stringbean')
export class StringBean {
  constructor(private value: string) {}

  get(): string {
    return this.value;
  }

  set(value: string): void {
    this.value = value;
  }
}

@JavaPackage('common.stringbean')
export class StringBeanTextDecoder implements Decoder.Text<StringBean> {
  static readonly decodes = Decoder.text(StringBean);

  decode(text: string): StringBean {
    return new StringBean(text);
  }

  willDecode(_text: string): boolean {
    return true;
  }
}

@JavaPackage('common.stringbean')
export class StringBeanTextEncoder implements Encoder.Text<StringBean> {
  static readonly encodes = Encoder.text(StringBean);

  encode(bean: StringBean): string {
    return bean.get();
  }
}

@JavaPackage('common.stringbean')
export class StringBeanTextStreamDecoder implements Decoder.TextStream<StringBean> {
  static readonly decodes = Decoder.textStream(StringBean);

  async decode(reader: Reader): Promise<StringBean> {
    return new StringBean(await reader.readAll());
  }
}

@JavaPackage('common.stringbean')
export class StringBeanTextStreamEncoder implements Encoder.TextStream<StringBean> {
  static readonly encodes = Encoder.textStream(StringBean);

  async encode(bean: StringBean, writer: Writer): Promise<void> {
    await writer.write(bean.get());
  }
}

@JavaPackage('common.stringbean')
export class StringBeanBinaryDecoder implements Decoder.Binary<StringBean> {
  static readonly decodes = Decoder.binary(StringBean);

  decode(bytes: Buffer): StringBean {
    return new StringBean(bytes.toString());
  }

  willDecode(_bytes: Buffer): boolean {
    return true;
  }
}

@JavaPackage('common.stringbean')
export class StringBeanBinaryEncoder implements Encoder.Binary<StringBean> {
  static readonly encodes = Encoder.binary(StringBean);

  encode(bean: StringBean): Buffer {
    return Buffer.from(bean.get());
  }
}

@JavaPackage('common.stringbean')
export class StringBeanBinaryStreamDecoder implements Decoder.BinaryStream<StringBean> {
  static readonly decodes = Decoder.binaryStream(StringBean);

  async decode(stream: InputStream): Promise<StringBean> {
    return new StringBean((await stream.readAll()).toString());
  }
}

@JavaPackage('common.stringbean')
export class StringBeanBinaryStreamEncoder implements Encoder.BinaryStream<StringBean> {
  static readonly encodes = Encoder.binaryStream(StringBean);

  async encode(bean: StringBean, stream: OutputStream): Promise<void> {
    await stream.write(Buffer.from(bean.get()));
  }
}
