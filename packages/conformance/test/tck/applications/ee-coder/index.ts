import { OnMessage, ServerEndpoint } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { StringBean } from '../../common/string-bean';
import type { TckContext } from '../../context';
import {
  InitDestroyBinaryDecoder,
  InitDestroyBinaryEncoder,
  InitDestroyBinaryStreamDecoder,
  InitDestroyBinaryStreamEncoder,
  InitDestroyTextDecoder,
  InitDestroyTextEncoder,
  InitDestroyTextStreamDecoder,
  InitDestroyTextStreamEncoder,
  WillDecodeFirstBinaryDecoder,
  WillDecodeFirstTextDecoder,
  WillDecodeSecondBinaryDecoder,
  WillDecodeSecondTextDecoder,
} from './coders';
import { WSCLoggerServer, WSCSimpleBinaryEchoServer, WSCSimpleEchoServer } from './echo-servers';

/** Receives a bean, sends its text. */
abstract class DecoderServer extends ErrorReporter {
  @OnMessage
  echo(bean: StringBean): string {
    return bean.get();
  }
}

/** Receives a text, sends a bean. */
abstract class EncoderServer extends ErrorReporter {
  @OnMessage
  echo(text: string): StringBean {
    return new StringBean(text);
  }
}

@ServerEndpoint('/textdecoder', { decoders: [InitDestroyTextDecoder] })
class WSCIDTextDecoderServer extends DecoderServer {}

@ServerEndpoint('/textstreamdecoder', { decoders: [InitDestroyTextStreamDecoder] })
class WSCIDTextStreamDecoderServer extends DecoderServer {}

@ServerEndpoint('/textwilldecode', { decoders: [WillDecodeFirstTextDecoder, WillDecodeSecondTextDecoder] })
class WSWillDecodeTextDecoderServer extends DecoderServer {}

@ServerEndpoint('/binarydecoder', { decoders: [InitDestroyBinaryDecoder] })
class WSCIDBinaryDecoderServer extends DecoderServer {}

@ServerEndpoint('/binarystreamdecoder', { decoders: [InitDestroyBinaryStreamDecoder] })
class WSCIDBinaryStreamDecoderServer extends DecoderServer {}

@ServerEndpoint('/binarywilldecode', { decoders: [WillDecodeFirstBinaryDecoder, WillDecodeSecondBinaryDecoder] })
class WSWillDecodeBinaryDecoderServer extends DecoderServer {}

@ServerEndpoint('/textencoder', { encoders: [InitDestroyTextEncoder] })
class WSIDTextEncoderServer extends EncoderServer {}

@ServerEndpoint('/textstreamencoder', { encoders: [InitDestroyTextStreamEncoder] })
class WSCIDTextStreamEncoderServer extends EncoderServer {}

@ServerEndpoint('/binaryencoder', { encoders: [InitDestroyBinaryEncoder] })
class WSCIDBinaryEncoderServer extends EncoderServer {}

@ServerEndpoint('/binarystreamencoder', { encoders: [InitDestroyBinaryStreamEncoder] })
class WSCIDBinaryStreamEncoderServer extends EncoderServer {}

export const context: TckContext = {
  root: '/wsc_ee_coder_web',
  endpoints: [
    WSCIDTextDecoderServer,
    WSCIDTextStreamDecoderServer,
    WSWillDecodeTextDecoderServer,
    WSCIDBinaryDecoderServer,
    WSCIDBinaryStreamDecoderServer,
    WSWillDecodeBinaryDecoderServer,
    WSIDTextEncoderServer,
    WSCIDTextStreamEncoderServer,
    WSCIDBinaryEncoderServer,
    WSCIDBinaryStreamEncoderServer,
    WSCLoggerServer,
    WSCSimpleEchoServer,
    WSCSimpleBinaryEchoServer,
  ],
};
