import { ClientEndpoint, OnMessage, type EncoderClass } from 'serval';
import {
  StringBean,
  StringBeanBinaryEncoder,
  StringBeanBinaryStreamEncoder,
  StringBeanTextEncoder,
  StringBeanTextStreamEncoder,
} from '../common/string-bean';
import { context } from '../applications/ee-clientendpointreturntype';
import { kitSuite, type Application, type KitTest } from './kit-suite';
import { RecordingClient, says } from './recording-endpoints';

/** Sends a text; the server sends it back, and what the client returns for it; at the next answer it closes. */
async function returns(
  application: Application,
  text: string,
  toResult: (text: string) => unknown,
  encoders: readonly EncoderClass[] = [],
): Promise<void> {
  @ClientEndpoint({ encoders })
  class ReturningClient extends RecordingClient {
    @OnMessage
    onMessage(message: string): unknown {
      this.heard.message(message);
      return toResult(message);
    }
  }

  await application.listen('/srv', new ReturningClient(says.text(text)), [text, text]);
}

const toBean = (text: string): StringBean => new StringBean(text);

function bean(what: string, text: string, encoder: EncoderClass): KitTest {
  return {
    claim: `an object that @OnMessage returns is sent by ${what}`,
    run: (application) => returns(application, text, toBean, [encoder]),
  };
}

kitSuite('ee.clientendpointreturntype.WSClientIT', context, {
  dataTypesTest: {
    claim: 'a boolean, a number, a bigint or a string that @OnMessage returns is sent as text',
    // Java has two classes for each of its eight primitives. Their values tell apart those that are numbers here.
    run: async (application) => {
      await returns(application, 'true', (text) => text === 'true');
      for (const text of ['123', '32767', '-32768', '123.456', '789.012'])
        await returns(application, text, (number) => Number(number));
      await returns(application, '-32768', (text) => BigInt(text));
      await returns(application, 'A', (text) => text);
    },
  },
  textEncoderTest: bean('a text encoder', 'textEncoderTest', StringBeanTextEncoder),
  textStreamEncoderTest: bean('a text stream encoder', 'textStreamEncoderTest', StringBeanTextStreamEncoder),
  binaryEncoderTest: bean('a binary encoder', 'binaryEncoderTest', StringBeanBinaryEncoder),
  binaryStreamEncoderTest: bean('a binary stream encoder', 'binaryStreamEncoderTest', StringBeanBinaryStreamEncoder),
  byteArrayTest: {
    claim: 'a Uint8Array that @OnMessage returns is sent as bytes',
    run: (application) => returns(application, 'byteArrayTest', (text) => new TextEncoder().encode(text)),
  },
  byteBufferTest: {
    claim: 'a Buffer that @OnMessage returns is sent as bytes',
    run: (application) => returns(application, 'byteBufferTest', (text) => Buffer.from(text)),
  },
});
