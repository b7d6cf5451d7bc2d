import {
  ClientEndpoint,
  ClientEndpointConfig,
  Decoder,
  IllegalStateException,
  InputStream,
  OnOpen,
  PongMessage,
  Reader,
  Session,
  type DecoderClass,
} from 'serval';
import {
  StringBean,
  StringBeanBinaryDecoder,
  StringBeanBinaryStreamDecoder,
  StringBeanTextDecoder,
  StringBeanTextStreamDecoder,
} from '../common/string-bean';
import { context } from '../applications/ee-session11-client';
import {
  LinkedListHashSetTextDecoder,
  StringList,
  StringListTextDecoder,
} from '../applications/ee-session11-server/string-lists';
import { kitSuite, type KitTest } from './kit-suite';
import type { Recorder } from './recorder';
import { RecordingClient, RecordingEndpoint, says, type Opening } from './recording-endpoints';

const ECHO = 'Echo message';
const ECHO_PARTIAL = 'second part send partially';

const TEXT = { path: '/echo', answer: 'Text Server says:' };
const BINARY = { path: '/binecho', answer: 'Binary Server says:' };

/** A handler says who it is before what it has received. */
type AddHandler = (session: Session, heard: Recorder) => void;

const ofReader: AddHandler = (session, heard) =>
  session.addMessageHandler(Reader, async (reader) => heard.message(`Reader: ${await reader.readAll()}`));
const ofInputStream: AddHandler = (session, heard) =>
  session.addMessageHandler(InputStream, async (stream) =>
    heard.message(`InputStream: ${(await stream.readAll()).toString()}`),
  );
const ofPong: AddHandler = (session, heard) =>
  session.addMessageHandler(PongMessage, (pong) =>
    heard.message(`PongMessage: ${pong.getApplicationData().toString()}`),
  );
const ofBean: AddHandler = (session, heard) =>
  session.addMessageHandler(StringBean, (bean) => heard.message(`StringBean: ${bean.get()}`));
const ofString: AddHandler = (session, heard) =>
  session.addMessageHandler(String, { onMessage: (text: string) => heard.message(`String: ${text}`) });
const ofBuffer: AddHandler = (session, heard) =>
  session.addMessageHandler(Buffer, { onMessage: (bytes: Buffer) => heard.message(`Buffer: ${bytes.toString()}`) });
const ofBytes: AddHandler = (session, heard) =>
  session.addMessageHandler(Uint8Array, {
    onMessage: (bytes: Uint8Array) => heard.message(`Uint8Array: ${new TextDecoder().decode(bytes)}`),
  });
const ofStringList: AddHandler = (session, heard) =>
  session.addMessageHandler(StringList, (list) => heard.message(`StringList: ${list.first()}`));
const ofSets: AddHandler = (session, heard) =>
  session.addMessageHandler(Array, (list: Set<string>[]) =>
    heard.message(`Set in a list: ${list.map((set) => [...set].join()).join()}`),
  );

/** Says what all parts are together when it has the last one. */
function ofParts<T extends string | Uint8Array>(
  who: string,
  toText: (part: T) => string,
  add: (session: Session, handler: { onMessage(part: T, last: boolean): void }) => void,
): AddHandler {
  return (session, heard) => {
    let whole = '';
    add(session, {
      onMessage(part: T, last: boolean): void {
        whole += toText(part);
        if (last) heard.message(`${who}: ${whole}`);
      },
    });
  };
}

const inStrings = ofParts<string>(
  'parts as strings',
  (part) => part,
  (session, handler) => session.addMessageHandler(String, handler),
);
const inBuffers = ofParts<Buffer>('parts as Buffers', String, (session, handler) =>
  session.addMessageHandler(Buffer, handler),
);
const inBytes = ofParts<Uint8Array>(
  'parts as Uint8Arrays',
  (part) => Buffer.from(part).toString(),
  (session, handler) => session.addMessageHandler(Uint8Array, handler),
);

const twoTexts: Opening = async (session) => {
  await session.getBasicRemote().sendText(ECHO, false);
  await session.getBasicRemote().sendText(ECHO_PARTIAL, true);
};
const twoBuffers: Opening = async (session) => {
  await session.getBasicRemote().sendBinary(Buffer.from(ECHO), false);
  await session.getBasicRemote().sendBinary(Buffer.from(ECHO_PARTIAL), true);
};

/** A programmatic endpoint that adds this handler. */
function handles(
  what: string,
  { path }: typeof TEXT,
  add: AddHandler,
  opening: Opening,
  hears: string,
  ...decoders: readonly DecoderClass[]
): KitTest {
  return {
    claim: `addMessageHandler registers a handler of ${what}`,
    run: (application) =>
      application.converse(
        path,
        new RecordingEndpoint(opening, add),
        [hears],
        ClientEndpointConfig.Builder.create().decoders(decoders).build(),
      ),
  };
}

/** Replaces Java's ready-made readers and streams, which Node lacks: one chunk. */
class OneString extends Reader {
  constructor(private readonly text: string) {
    super();
  }
  read(): Promise<string | null> {
    return Promise.resolve(this.text);
  }
  readLine(): Promise<string | null> {
    return Promise.resolve(this.text);
  }
  readAll(): Promise<string> {
    return Promise.resolve(this.text);
  }
}

class OneBuffer extends InputStream {
  constructor(private readonly bytes: Buffer) {
    super();
  }
  read(): Promise<Buffer | null> {
    return Promise.resolve(this.bytes);
  }
  readAll(): Promise<Buffer> {
    return Promise.resolve(this.bytes);
  }
}

class AlternativeReaderDecoder implements Decoder.Text<Reader> {
  static readonly decodes = Decoder.text(Reader);
  willDecode(): boolean {
    return true;
  }
  decode(text: string): Reader {
    return new OneString(`Reader decoder${text}`);
  }
}

class AlternativeInputStreamDecoder implements Decoder.Binary<InputStream> {
  static readonly decodes = Decoder.binary(InputStream);
  willDecode(): boolean {
    return true;
  }
  decode(bytes: Buffer): InputStream {
    return new OneBuffer(Buffer.concat([Buffer.from('InputStream decoder'), bytes]));
  }
}

/** An annotated endpoint that adds a handler of a type for which it has its own decoder. */
function handlesAnnotated(
  what: string,
  path: string,
  add: AddHandler,
  opening: Opening,
  hears: string,
  decoder: DecoderClass,
): KitTest {
  return {
    claim: `a handler of ${what} gets what the endpoint’s own decoder makes`,
    run: (application) => {
      @ClientEndpoint({ decoders: [decoder] })
      class HandlerClient extends RecordingClient {
        @OnOpen
        override async onOpen(session: Session): Promise<void> {
          add(session, this.heard);
          await super.onOpen(session);
        }
      }

      return application.converse(path, new HandlerClient(opening), [hears]);
    },
  };
}

/** An annotated endpoint that adds two handlers of a kind: the first one stays. */
function refusesSecond(what: string, { path }: typeof TEXT, add: AddHandler, opening: Opening, hears: string): KitTest {
  return {
    claim: `a second handler of ${what} is refused, and the first one stays`,
    run: async (application) => {
      let thrown: unknown;

      @ClientEndpoint
      class TwiceClient extends RecordingClient {
        @OnOpen
        override async onOpen(session: Session): Promise<void> {
          add(session, this.heard);
          try {
            add(session, this.heard);
          } catch (error) {
            thrown = error;
          }
          await super.onOpen(session);
        }
      }

      await application.converse(path, new TwiceClient(opening), [hears]);
      expect(thrown).toBeInstanceOf(IllegalStateException);
    },
  };
}

const text = says.text(ECHO);
const bytes = says.bytes(ECHO);
const ping = says.ping(ECHO);
const textAnswer = `${TEXT.answer}${ECHO}`;
const bytesAnswer = `${BINARY.answer}${ECHO}`;

kitSuite('ee.session11.client.WSCClientIT', context, {
  linkedListHashSetTextHandlerTest: handles(
    'a list of sets, for which there is a decoder',
    TEXT,
    ofSets,
    text,
    `Set in a list: ${textAnswer}`,
    LinkedListHashSetTextDecoder,
  ),
  linkedListTextHandlerTest: handles(
    'an abstract class, for which there is a decoder',
    TEXT,
    ofStringList,
    text,
    `StringList: ${textAnswer}`,
    StringListTextDecoder,
  ),
  textStringBeanHandlerTest: handles(
    'what a text decoder makes',
    TEXT,
    ofBean,
    text,
    `StringBean: ${textAnswer}`,
    StringBeanTextDecoder,
  ),
  textStreamStringBeanHandlerTest: handles(
    'what a text stream decoder makes',
    TEXT,
    ofBean,
    text,
    `StringBean: ${textAnswer}`,
    StringBeanTextStreamDecoder,
  ),
  binaryStringBeanMessageHandlerTest: handles(
    'what a binary decoder makes',
    BINARY,
    ofBean,
    bytes,
    `StringBean: ${bytesAnswer}`,
    StringBeanBinaryDecoder,
  ),
  binaryStreamStringBeanMessageHandlerTest: handles(
    'what a binary stream decoder makes',
    BINARY,
    ofBean,
    bytes,
    `StringBean: ${bytesAnswer}`,
    StringBeanBinaryStreamDecoder,
  ),
  stringTextHandlerTest: handles('a string', TEXT, ofString, text, `String: ${textAnswer}`),
  stringPartialHandlerTest: handles(
    'a part of a text',
    TEXT,
    inStrings,
    twoTexts,
    `parts as strings: ${textAnswer}${ECHO_PARTIAL}`,
  ),
  readerMessageHandlerTest: handles('a Reader', TEXT, ofReader, text, `Reader: ${textAnswer}`),
  pongMessageHandlerTest: handles('a PongMessage', TEXT, ofPong, ping, `PongMessage: ${ECHO}`),
  byteBufferMessageHandlerTest: handles('a Buffer', BINARY, ofBuffer, bytes, `Buffer: ${bytesAnswer}`),
  byteBufferPartialMessageHandlerTest: handles(
    'a part as Buffer',
    BINARY,
    inBuffers,
    twoBuffers,
    `parts as Buffers: ${bytesAnswer}${ECHO_PARTIAL}`,
  ),
  byteArrayMessageHandlerTest: handles(
    'a Uint8Array',
    BINARY,
    ofBytes,
    says.object(new TextEncoder().encode(ECHO)),
    `Uint8Array: ${bytesAnswer}`,
  ),
  byteArrayPartialMessageHandlerTest: handles(
    'a part as Uint8Array',
    BINARY,
    inBytes,
    twoBuffers,
    `parts as Uint8Arrays: ${bytesAnswer}${ECHO_PARTIAL}`,
  ),
  inputStreamMessageHandlerTest: handles('an InputStream', BINARY, ofInputStream, bytes, `InputStream: ${bytesAnswer}`),
  annotatedTextReaderClientTest: handlesAnnotated(
    'a Reader',
    TEXT.path,
    ofReader,
    text,
    `Reader: Reader decoder${textAnswer}`,
    AlternativeReaderDecoder,
  ),
  annotatedBinaryInputStreamClientTest: handlesAnnotated(
    'an InputStream',
    BINARY.path,
    ofInputStream,
    bytes,
    `InputStream: InputStream decoder${bytesAnswer}`,
    AlternativeInputStreamDecoder,
  ),
  twiceAddMessageHandlerReaderThrowsExceptionTest: refusesSecond(
    'a Reader',
    TEXT,
    ofReader,
    text,
    `Reader: ${textAnswer}`,
  ),
  twiceAddMessageHandlerInputStreamThrowsExceptionTest: refusesSecond(
    'an InputStream',
    BINARY,
    ofInputStream,
    bytes,
    `InputStream: ${bytesAnswer}`,
  ),
  twiceAddMessageHandlerPongMessageThrowsExceptionTest: refusesSecond(
    'a PongMessage',
    TEXT,
    ofPong,
    ping,
    `PongMessage: ${ECHO}`,
  ),
  twiceAddMessageHandlerPartialStringThrowsExceptionTest: refusesSecond(
    'a part of a text',
    TEXT,
    inStrings,
    twoTexts,
    `parts as strings: ${textAnswer}${ECHO_PARTIAL}`,
  ),
});
