import { ClientEndpoint, OnMessage, type EncoderClass, type Session } from 'serval';
import { sendResult } from '../common/send-result';
import { BINARY_CODERS, BINARY_STREAM_CODERS, TEXT_CODERS, TEXT_STREAM_CODERS } from '../common/user-coders';
import { context as async } from '../applications/ee-remoteendpoint-usercoder-async';
import { context as asyncWithHandler } from '../applications/ee-remoteendpoint-usercoder-asyncwithhandler';
import { context as basic } from '../applications/ee-remoteendpoint-usercoder-basic';
import { kitSuite, type KitTest } from './kit-suite';
import { RecordingClient } from './recording-endpoints';

const CODED = 'Anything that should have been coded has been coded into this';

// Five of Java's eight types are a number here.
const BOOLEAN = true;
const CHAR = '1';
const NUMBERS = [-56, -56n];
const PRIMITIVES = [BOOLEAN, CHAR, ...NUMBERS];

type Send = (session: Session, object: unknown) => Promise<void>;

/** A test whose clients each send one of these, and hear what the encoder has made of it. */
function encodes(
  what: string,
  encoders: readonly EncoderClass[],
  send: Send,
  objects: readonly unknown[] = PRIMITIVES,
): KitTest {
  @ClientEndpoint({ encoders })
  class EncodingClient extends RecordingClient {
    @OnMessage
    onMessage(text: string): void {
      this.heard.message(text);
    }
  }

  return {
    claim: `${what} of the endpoint, and not the container, encodes ${objects.map((one) => typeof one).join(', ')}`,
    run: async (application) => {
      for (const object of objects)
        await application.converse('/echo', new EncodingClient((session) => send(session, object)), [CODED]);
    },
  };
}

const byBasic: Send = (session, object) => session.getBasicRemote().sendObject(object);
const byAsync: Send = (session, object) => session.getAsyncRemote().sendObject(object);
const withHandler: Send = async (session, object) => {
  const result = await sendResult((handler) => session.getAsyncRemote().sendObject(object, handler));
  expect([result.isOK(), result.getException()]).toEqual([true, null]);
};

kitSuite('ee.remoteendpoint.usercoder.basic.WSClientIT', basic, {
  sendObjectBooleanTextEncoderOnClientTest: encodes('a text encoder', TEXT_CODERS, byBasic, [BOOLEAN]),
  sendObjectCharTextEncoderOnClientTest: encodes('a text encoder', TEXT_CODERS, byBasic, [CHAR]),
  sendObjectNumberTextEncoderOnClientTest: encodes('a text encoder', TEXT_CODERS, byBasic, NUMBERS),
  sendObjectPrimitivesTextStreamEncoderOnClientTest: encodes('a text stream encoder', TEXT_STREAM_CODERS, byBasic),
  sendObjectPrimitivesBinaryEncoderOnClientTest: encodes('a binary encoder', BINARY_CODERS, byBasic),
  sendObjectPrimitivesBinaryStreamEncoderOnClientTest: encodes(
    'a binary stream encoder',
    BINARY_STREAM_CODERS,
    byBasic,
  ),
});

/** The same four in two classes of the kit. */
const ofAll = (send: Send) => ({
  sendObjectPrimitivesTextEncoderOnClientTest: encodes('a text encoder', TEXT_CODERS, send),
  sendObjectPrimitivesTextStreamEncoderOnClientTest: encodes('a text stream encoder', TEXT_STREAM_CODERS, send),
  sendObjectPrimitivesBinaryEncoderOnClientTest: encodes('a binary encoder', BINARY_CODERS, send),
  sendObjectPrimitivesBinaryStreamEncoderOnClientTest: encodes('a binary stream encoder', BINARY_STREAM_CODERS, send),
});

kitSuite('ee.remoteendpoint.usercoder.async.WSClientIT', async, ofAll(byAsync));
kitSuite('ee.remoteendpoint.usercoder.asyncwithhandler.WSClientIT', asyncWithHandler, ofAll(withHandler));
