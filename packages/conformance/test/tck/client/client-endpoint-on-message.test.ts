import { Char } from 'serval';
import {
  StringBeanBinaryDecoder,
  StringBeanBinaryStreamDecoder,
  StringBeanTextDecoder,
  StringBeanTextStreamDecoder,
} from '../common/string-bean';
import { context } from '../applications/ee-clientendpointonmessage';
import {
  BIGINT,
  BOOLEAN,
  CHAR,
  declared,
  decoding,
  inParts,
  INPUT_STREAM,
  MaxLengthClient,
  NUMBER,
  PONG,
  READER,
  STRING,
  type ClientClass,
  type ClientPair,
} from './answering-clients';
import { kitSuite, type Application, type KitTest } from './kit-suite';
import { says, type Opening } from './recording-endpoints';

const ECHO = 'Echo message to be sent to server endpoint';

interface PairOfTests {
  readonly returning: KitTest;
  readonly sending: KitTest;
}

/**
 * The server sends the opening back in a form, and what the client answers to it; at the next answer it closes. So the
 * client hears the same message twice.
 */
function hearsTwice(
  form: 'TEXT' | 'TEXTPARTIAL' | 'BINARY' | 'BINARYPARTIAL' | 'PONG',
  pair: ClientPair,
  opening: Opening,
  payload: string,
  message: unknown,
): PairOfTests {
  const run = (client: ClientClass) => (application: Application) =>
    application.listen(`/srv/${form}`, new client(opening), [message, message]);
  return {
    returning: { claim: `@OnMessage takes ${payload}, and what it returns is sent`, run: run(pair.returning) },
    sending: { claim: `@OnMessage takes ${payload} and the session`, run: run(pair.sending) },
  };
}

/** @param value sent as an object, which the container encodes, and received as the same value */
function primitive(payload: string, pair: ClientPair, value: unknown, received = value): PairOfTests {
  return hearsTwice('TEXT', pair, says.object(value), payload, received);
}

const FLOAT = Math.fround(-12_345_678.88);
const MAX_FLOAT = Math.fround(3.4028234663852886e38);
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;

const string = hearsTwice('TEXT', STRING, says.text(ECHO), 'a string', ECHO);
const int = primitive('the least int', NUMBER, -(2 ** 31));
const byte = primitive('a byte', NUMBER, 123);
const char = primitive('a char', CHAR, 'E');
const boolean = primitive('a boolean', BOOLEAN, true);
const short = primitive('a short', NUMBER, -32_100);
const double = primitive('a double', NUMBER, -12_345_678.88);
const float = primitive('a float', NUMBER, FLOAT);
const long = primitive('the least long', BIGINT, MIN_LONG);

// The boxed types of Java are the same ones here; how the method says what it takes is the difference.
const declaredNumber = declared(Number);
const declaredBigInt = declared(BigInt);
// A slip of the kit, kept: its method takes a Long.
const fullInt = primitive('a declared bigint, from an int', declaredBigInt, -(2 ** 31), BigInt(-(2 ** 31)));
const fullByte = primitive('a declared number, the least byte', declaredNumber, -128);
const fullChar = primitive('a declared char', declared(Char), 'E');
const fullBoolean = primitive('a declared boolean', declared(Boolean), true);
const fullShort = primitive('a declared number, the largest short', declaredNumber, 32_767);
const fullDouble = primitive('a declared number, the least double above 0', declaredNumber, Number.MIN_VALUE);
const fullFloat = primitive('a declared number, the largest float', declaredNumber, MAX_FLOAT);
const fullLong = primitive('a declared bigint, the largest long', declaredBigInt, MAX_LONG);

const reader = hearsTwice('TEXT', READER, says.text(ECHO), 'a Reader', ECHO);
const textBean = hearsTwice(
  'TEXT',
  decoding(StringBeanTextDecoder),
  says.text(ECHO),
  'what a text decoder makes',
  ECHO,
);
const textStreamBean = hearsTwice(
  'TEXT',
  decoding(StringBeanTextStreamDecoder),
  says.text(ECHO),
  'what a text stream decoder makes',
  ECHO,
);

const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const buffer = hearsTwice('BINARY', declared(Buffer, asText), says.bytes(ECHO), 'a Buffer', ECHO);
const bytes = hearsTwice('BINARY', declared(Uint8Array, asText), says.bytes(ECHO), 'a Uint8Array', ECHO);
const inputStream = hearsTwice('BINARY', INPUT_STREAM, says.bytes(ECHO), 'an InputStream', ECHO);
const binaryBean = hearsTwice(
  'BINARY',
  decoding(StringBeanBinaryDecoder),
  says.bytes(ECHO),
  'what a binary decoder makes',
  ECHO,
);
const binaryStreamBean = hearsTwice(
  'BINARY',
  decoding(StringBeanBinaryStreamDecoder),
  says.bytes(ECHO),
  'what a binary stream decoder makes',
  ECHO,
);
const pong = hearsTwice('PONG', PONG, says.text(ECHO), 'a PongMessage', ECHO);

/** The server sends the two parts as two frames. */
function partial(
  form: 'TEXTPARTIAL' | 'BINARYPARTIAL',
  pair: ClientPair,
  second: string,
  payload: string,
): PairOfTests {
  const opening = (form === 'TEXTPARTIAL' ? says.text : says.bytes)(`${ECHO}_${second}`);
  const { returning, sending } = hearsTwice(form, pair, opening, payload, `${ECHO}_(false)${second}(true)`);
  const claim = `@OnMessage takes ${payload} and whether it is the last`;
  return {
    returning: { ...returning, claim },
    sending: { ...sending, claim: `${claim}, and between them the session` },
  };
}

const textParts = inParts(String, (part) => part);
const bufferParts = inParts(Buffer, asText);
const byteParts = inParts(Uint8Array, asText);

kitSuite('ee.clientendpointonmessage.WSClientIT', context, {
  echoStringTest: string.returning,
  echoStringAndSessionTest: string.sending,
  echoIntTest: int.returning,
  echoIntAndSessionTest: int.sending,
  echoByteTest: byte.returning,
  echoByteAndSessionTest: byte.sending,
  echoCharTest: char.returning,
  echoCharAndSessionTest: char.sending,
  echoBooleanTest: boolean.returning,
  echoBooleanAndSessionTest: boolean.sending,
  echoShortTest: short.returning,
  echoShortAndSessionTest: short.sending,
  echoDoubleTest: double.returning,
  echoDoubleAndSessionTest: double.sending,
  echoFloatTest: float.returning,
  echoFloatAndSessionTest: float.sending,
  echoLongTest: long.returning,
  echoLongAndSessionTest: long.sending,
  echoFullIntTest: fullInt.returning,
  echoFullIntAndSessionTest: fullInt.sending,
  echoFullByteTest: fullByte.returning,
  echoFullByteAndSessionTest: fullByte.sending,
  echoFullCharTest: fullChar.returning,
  echoFullCharAndSessionTest: fullChar.sending,
  echoFullBooleanTest: fullBoolean.returning,
  echoFullBooleanAndSessionTest: fullBoolean.sending,
  echoFullShortTest: fullShort.returning,
  echoFullShortAndSessionTest: fullShort.sending,
  echoFullDoubleTest: fullDouble.returning,
  echoFullDoubleAndSessionTest: fullDouble.sending,
  echoFullFloatTest: fullFloat.returning,
  echoFullFloatAndSessionTest: fullFloat.sending,
  echoFullLongTest: fullLong.returning,
  echoFullLongAndSessionTest: fullLong.sending,
  echoReaderTest: reader.returning,
  echoReaderAndSessionTest: reader.sending,
  echoTextDecoderTest: textBean.returning,
  echoTextDecoderAndSessionTest: textBean.sending,
  echoTextStreamDecoderTest: textStreamBean.returning,
  echoTextStreamDecoderAndSessionTest: textStreamBean.sending,
  echoByteBufferTest: buffer.returning,
  echoByteBufferAndSessionTest: buffer.sending,
  byteBufferToBytesTest: bytes.returning,
  byteBufferToBytesAndSessionTest: bytes.sending,
  byteBufferToInputStreamTest: inputStream.returning,
  byteBufferToInputStreamAndSessionTest: inputStream.sending,
  byteBufferToBinaryDecoderTest: binaryBean.returning,
  byteBufferToBinaryDecoderAndSessionTest: binaryBean.sending,
  byteBufferToBinaryStreamDecoderTest: binaryStreamBean.returning,
  byteBufferToBinaryStreamDecoderAndSessionTest: binaryStreamBean.sending,
  pongToPongTest: pong.returning,
  pongToPongAndSessionTest: pong.sending,
  partialStringTest: partial('TEXTPARTIAL', textParts, 'partialStringTest', 'a part of a text').returning,
  partialStringAndSessionTest: partial('TEXTPARTIAL', textParts, 'partialStringAndSessionTest', 'a part of a text')
    .sending,
  partialByteArrayTest: partial('BINARYPARTIAL', byteParts, 'partialByteArrayTest', 'a part as Uint8Array').returning,
  partialByteArrayAndSessionTest: partial(
    'BINARYPARTIAL',
    byteParts,
    'partialByteArrayAndSessionTest',
    'a part as Uint8Array',
  ).sending,
  partialByteBufferTest: partial('BINARYPARTIAL', bufferParts, 'partialByteBufferTest', 'a part as Buffer').returning,
  partialByteBufferAndSessionTest: partial(
    'BINARYPARTIAL',
    bufferParts,
    'partialByteBufferAndSessionTest',
    'a part as Buffer',
  ).sending,

  maxLengthOKTest: {
    claim: 'a text as long as maxMessageSize is taken',
    run: (application) => application.listen('/srv/TEXT', new MaxLengthClient(says.text('12345')), ['12345', '12345']),
  },
  maxLengthFailsTest: {
    claim: 'a text longer than maxMessageSize closes the session with 1009, and the method is not called',
    run: async (application) => {
      const client = new MaxLengthClient(says.text('123456'));
      await application.connect('/srv/TEXT', client);
      expect((await client.heard.closed).getCloseCode().getCode()).toBe(1009);
      expect(client.heard.messages).toEqual([]);
    },
  },
  defaultMaxLengthTest: {
    claim: 'without maxMessageSize, which is -1 by default, the buffer size of the session is the limit',
    run: async (application) => {
      const text = '123456789';
      await application.listen('/srv/TEXT', new STRING.returning(says.text(text)), [text, text]);
      const narrow = new STRING.returning((session) => {
        session.setMaxTextMessageBufferSize(text.length - 1);
        return session.getBasicRemote().sendText(text);
      });
      await application.connect('/srv/TEXT', narrow);
      expect((await narrow.heard.closed).getCloseCode().getCode()).toBe(1009);
      expect(narrow.heard.messages).toEqual([]);
    },
  },
});
