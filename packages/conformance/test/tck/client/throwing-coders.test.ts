import {
  ClientEndpoint,
  DecodeException,
  EncodeException,
  IOException,
  OnMessage,
  type DecoderClass,
  type EncoderClass,
} from 'serval';
import { StringBean } from '../common/string-bean';
import { context } from '../applications/ee-throwingcoder-annotated';
import * as coders from '../applications/ee-throwingcoder-annotated/throwing-coders';
import { kitSuite, type KitTest } from './kit-suite';
import { RecordingClient, says } from './recording-endpoints';

const ECHO = 'Echo message';

/** The exceptions of the coders. */
interface Thrown {
  readonly type: typeof DecodeException | typeof EncodeException | typeof IOException;
  readonly message: string;
}

const UNDECODABLE: Thrown = { type: DecodeException, message: 'TCK coder exception for test' };
const UNENCODABLE: Thrown = { type: EncodeException, message: 'TCK coder exception for test' };
const IO: Thrown = { type: IOException, message: 'TCK IO exception for test' };

function isTold(client: RecordingClient, { type, message }: Thrown): void {
  expect(client.heard.messages).toEqual([]);
  expect(client.heard.errors).toHaveLength(1);
  expect(client.heard.errors[0]).toBeInstanceOf(type);
  expect(client.heard.errors[0]?.message).toBe(message);
}

/** The echo of a text cannot be decoded. The session stays open. */
function decoding(what: string, path: '/simpleecho' | '/simplebin', decoder: DecoderClass, thrown: Thrown): KitTest {
  return {
    claim: `@OnError receives the error that ${what} throws`,
    run: async (application) => {
      @ClientEndpoint({ decoders: [decoder] })
      class DecodingClient extends RecordingClient {
        @OnMessage
        onMessage(bean: StringBean): void {
          this.heard.message(bean);
        }
      }

      const client = new DecodingClient(says.text(ECHO));
      const session = await application.connect(path, client);
      await client.heard.until(0, 1);
      isTold(client, thrown);
      expect(session.isOpen()).toBe(true);
      await session.close();
    },
  };
}

/** The encoder fails for a message that @OnOpen sends. The caller of connectToServer gets the session, which is closing. */
function encoding(what: string, encoder: EncoderClass, thrown: Thrown): KitTest {
  return {
    claim: `@OnError receives the error that ${what} throws in @OnOpen, and the session closes`,
    run: async (application) => {
      @ClientEndpoint({ encoders: [encoder] })
      class EncodingClient extends RecordingClient {
        @OnMessage
        onMessage(text: string): void {
          this.heard.message(text);
        }
      }

      const client = new EncodingClient(says.object(new StringBean(ECHO)));
      const session = await application.connectAsJavaDoes('/simpleecho', client);
      expect((await client.heard.closed).getCloseCode().getCode()).toBe(1011);
      isTold(client, thrown);
      await session.close();
      expect(session.isOpen()).toBe(false);
    },
  };
}

/** The encoder fails for the result of @OnMessage. The session stays open. */
function returning(what: string, encoder: EncoderClass, thrown: Thrown): KitTest {
  return {
    claim: `@OnError receives the error that ${what} throws for a result of @OnMessage`,
    run: async (application) => {
      @ClientEndpoint({ encoders: [encoder] })
      class ReturningClient extends RecordingClient {
        @OnMessage
        onMessage(text: string): StringBean {
          return new StringBean(text);
        }
      }

      const client = new ReturningClient(says.text(ECHO));
      const session = await application.connect('/simpleecho', client);
      await client.heard.until(0, 1);
      isTold(client, thrown);
      expect(session.isOpen()).toBe(true);
      await session.close();
    },
  };
}

kitSuite('ee.throwingcoder.annotated.WSClientIT', context, {
  textDecoderThrowAndCatchOnClientTest: decoding(
    'a text decoder',
    '/simpleecho',
    coders.ThrowingTextDecoder,
    UNDECODABLE,
  ),
  textStreamDecoderThrowAndCatchOnClientTest: decoding(
    'a text stream decoder',
    '/simpleecho',
    coders.ThrowingTextStreamDecoder,
    UNDECODABLE,
  ),
  binaryDecoderThrowAndCatchOnClientTest: decoding(
    'a binary decoder',
    '/simplebin',
    coders.ThrowingBinaryDecoder,
    UNDECODABLE,
  ),
  binaryStreamDecoderThrowAndCatchOnClientTest: decoding(
    'a binary stream decoder',
    '/simplebin',
    coders.ThrowingBinaryStreamDecoder,
    UNDECODABLE,
  ),
  textStreamDecoderThrowIOAndCatchOnClientTest: decoding(
    'a text stream decoder that cannot read',
    '/simpleecho',
    coders.ThrowingIOTextStreamDecoder,
    IO,
  ),
  binaryStreamDecoderThrowIOAndCatchOnClientTest: decoding(
    'a binary stream decoder that cannot read',
    '/simplebin',
    coders.ThrowingIOBinaryStreamDecoder,
    IO,
  ),

  textEncoderThrowAndCatchOnClientTest: encoding('a text encoder', coders.ThrowingTextEncoder, UNENCODABLE),
  textStreamEncoderThrowAndCatchOnClientTest: encoding(
    'a text stream encoder',
    coders.ThrowingTextStreamEncoder,
    UNENCODABLE,
  ),
  binaryEncoderThrowAndCatchOnClientTest: encoding('a binary encoder', coders.ThrowingBinaryEncoder, UNENCODABLE),
  binaryStreamEncoderThrowAndCatchOnClientTest: encoding(
    'a binary stream encoder',
    coders.ThrowingBinaryStreamEncoder,
    UNENCODABLE,
  ),
  textStreamEncoderThrowIOAndCatchOnClientTest: encoding(
    'a text stream encoder that cannot write',
    coders.ThrowingIOTextStreamEncoder,
    IO,
  ),
  binaryStreamEncoderThrowIOAndCatchOnClientTest: encoding(
    'a binary stream encoder that cannot write',
    coders.ThrowingIOBinaryStreamEncoder,
    IO,
  ),

  returningTextEncoderThrowAndCatchOnClientTest: returning('a text encoder', coders.ThrowingTextEncoder, UNENCODABLE),
  returningTextStreamEncoderThrowAndCatchOnClientTest: returning(
    'a text stream encoder',
    coders.ThrowingTextStreamEncoder,
    UNENCODABLE,
  ),
  returningBinaryEncoderThrowAndCatchOnClientTest: returning(
    'a binary encoder',
    coders.ThrowingBinaryEncoder,
    UNENCODABLE,
  ),
  returningBinaryStreamEncoderThrowAndCatchOnClientTest: returning(
    'a binary stream encoder',
    coders.ThrowingBinaryStreamEncoder,
    UNENCODABLE,
  ),
  returningTextStreamEncoderThrowIOAndCatchOnClientTest: returning(
    'a text stream encoder that cannot write',
    coders.ThrowingIOTextStreamEncoder,
    IO,
  ),
  returningBinaryStreamEncoderThrowIOAndCatchOnClientTest: returning(
    'a binary stream encoder that cannot write',
    coders.ThrowingIOBinaryStreamEncoder,
    IO,
  ),
});
