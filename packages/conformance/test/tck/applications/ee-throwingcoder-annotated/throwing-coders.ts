import {
  DecodeException,
  EncodeException,
  IOException,
  type InputStream,
  type OutputStream,
  type Reader,
  type Writer,
} from 'serval';
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

const CODER_ERROR = 'TCK coder exception for test';
const IO_ERROR = 'TCK IO exception for test';

@JavaPackage('ee.throwingcoder')
export class ThrowingTextDecoder extends StringBeanTextDecoder {
  override decode(text: string): StringBean {
    throw new DecodeException(text, CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingTextEncoder extends StringBeanTextEncoder {
  override encode(bean: StringBean): string {
    throw new EncodeException(bean.get(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingTextStreamDecoder extends StringBeanTextStreamDecoder {
  override async decode(reader: Reader): Promise<StringBean> {
    throw new DecodeException(await reader.readAll(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingTextStreamEncoder extends StringBeanTextStreamEncoder {
  override async encode(bean: StringBean, _writer: Writer): Promise<void> {
    throw new EncodeException(bean.get(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingIOTextStreamDecoder extends StringBeanTextStreamDecoder {
  override async decode(_reader: Reader): Promise<StringBean> {
    throw new IOException(IO_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingIOTextStreamEncoder extends StringBeanTextStreamEncoder {
  override async encode(_bean: StringBean, _writer: Writer): Promise<void> {
    throw new IOException(IO_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingBinaryDecoder extends StringBeanBinaryDecoder {
  override decode(bytes: Buffer): StringBean {
    throw new DecodeException(bytes, CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingBinaryEncoder extends StringBeanBinaryEncoder {
  override encode(bean: StringBean): Buffer {
    throw new EncodeException(bean.get(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingBinaryStreamDecoder extends StringBeanBinaryStreamDecoder {
  override async decode(stream: InputStream): Promise<StringBean> {
    throw new DecodeException(await stream.readAll(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingBinaryStreamEncoder extends StringBeanBinaryStreamEncoder {
  override async encode(bean: StringBean, _stream: OutputStream): Promise<void> {
    throw new EncodeException(bean.get(), CODER_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingIOBinaryStreamDecoder extends StringBeanBinaryStreamDecoder {
  override async decode(_stream: InputStream): Promise<StringBean> {
    throw new IOException(IO_ERROR);
  }
}

@JavaPackage('ee.throwingcoder')
export class ThrowingIOBinaryStreamEncoder extends StringBeanBinaryStreamEncoder {
  override async encode(_bean: StringBean, _stream: OutputStream): Promise<void> {
    throw new IOException(IO_ERROR);
  }
}
