import type { InputStream, OutputStream, Reader, Writer } from 'serval';
import {
  StringBeanBinaryDecoder,
  StringBeanBinaryEncoder,
  StringBeanBinaryStreamDecoder,
  StringBeanBinaryStreamEncoder,
  StringBeanTextDecoder,
  StringBeanTextEncoder,
  StringBeanTextStreamDecoder,
  StringBeanTextStreamEncoder,
  type StringBean,
} from '../../common/string-bean';
import { JavaPackage } from '../../java-names';
import { note } from './coder-log';

@JavaPackage('ee.coder')
export class InitDestroyTextDecoder extends StringBeanTextDecoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override willDecode(text: string): boolean {
    note('willcode', this);
    return super.willDecode(text);
  }
  override decode(text: string): StringBean {
    note('code', this);
    return super.decode(text);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyTextEncoder extends StringBeanTextEncoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override encode(bean: StringBean): string {
    note('code', this);
    return super.encode(bean);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyTextStreamDecoder extends StringBeanTextStreamDecoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override decode(reader: Reader): Promise<StringBean> {
    note('code', this);
    return super.decode(reader);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyTextStreamEncoder extends StringBeanTextStreamEncoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override encode(bean: StringBean, writer: Writer): Promise<void> {
    note('code', this);
    return super.encode(bean, writer);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyBinaryDecoder extends StringBeanBinaryDecoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override willDecode(bytes: Buffer): boolean {
    note('willcode', this);
    return super.willDecode(bytes);
  }
  override decode(bytes: Buffer): StringBean {
    note('code', this);
    return super.decode(bytes);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyBinaryEncoder extends StringBeanBinaryEncoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override encode(bean: StringBean): Buffer {
    note('code', this);
    return super.encode(bean);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyBinaryStreamDecoder extends StringBeanBinaryStreamDecoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override decode(stream: InputStream): Promise<StringBean> {
    note('code', this);
    return super.decode(stream);
  }
}

@JavaPackage('ee.coder')
export class InitDestroyBinaryStreamEncoder extends StringBeanBinaryStreamEncoder {
  init(): void {
    note('init', this);
  }
  destroy(): void {
    note('destroy', this);
  }
  override encode(bean: StringBean, stream: OutputStream): Promise<void> {
    note('code', this);
    return super.encode(bean, stream);
  }
}

/** The one that does not want the message. */
@JavaPackage('ee.coder')
export class WillDecodeFirstTextDecoder extends StringBeanTextDecoder {
  override willDecode(_text: string): boolean {
    note('willcode', this);
    return false;
  }
  override decode(text: string): StringBean {
    note('code', this);
    return super.decode(text);
  }
}

@JavaPackage('ee.coder')
export class WillDecodeSecondTextDecoder extends StringBeanTextDecoder {
  override willDecode(_text: string): boolean {
    note('willcode', this);
    return true;
  }
  override decode(text: string): StringBean {
    note('code', this);
    return super.decode(text);
  }
}

/** The one that does not want the message. */
@JavaPackage('ee.coder')
export class WillDecodeFirstBinaryDecoder extends StringBeanBinaryDecoder {
  override willDecode(_bytes: Buffer): boolean {
    note('willcode', this);
    return false;
  }
  override decode(bytes: Buffer): StringBean {
    note('code', this);
    return super.decode(bytes);
  }
}

@JavaPackage('ee.coder')
export class WillDecodeSecondBinaryDecoder extends StringBeanBinaryDecoder {
  override willDecode(_bytes: Buffer): boolean {
    note('willcode', this);
    return true;
  }
  override decode(bytes: Buffer): StringBean {
    note('code', this);
    return super.decode(bytes);
  }
}
