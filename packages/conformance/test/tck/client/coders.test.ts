import { setImmediate as turn } from 'node:timers/promises';
import {
  ClientEndpoint,
  ClientEndpointConfig,
  OnMessage,
  type Class,
  type ClientEndpointOptions,
  type DecoderClass,
  type EncoderClass,
} from 'serval';
import { StringBean } from '../common/string-bean';
import { context as annotated } from '../applications/ee-coder';
import { operate } from '../applications/ee-coder/coder-log';
import * as coders from '../applications/ee-coder/coders';
import { context as programmatic } from '../applications/ee-programaticcoder';
import { javaName } from '../java-names';
import { kitSuite, type Application, type KitTest } from './kit-suite';
import type { KitTestName } from './kit-tests';
import { RecordingClient, RecordingEndpoint, says, type Opening } from './recording-endpoints';

const ECHO = 'Echo message';

type Coders = Pick<ClientEndpointOptions, 'encoders' | 'decoders'>;

/** Connects a client with these coders, which hears the echo of its opening, and closes. */
type Converse = (application: Application, path: string, opening: Opening, coders: Coders) => Promise<void>;

const annotatedClient: Converse = (application, path, opening, { encoders, decoders }) => {
  @ClientEndpoint({ encoders })
  class EncodingClient extends RecordingClient {
    @OnMessage
    onMessage(text: string): void {
      this.heard.message(text);
    }
  }

  @ClientEndpoint({ decoders })
  class DecodingClient extends RecordingClient {
    @OnMessage
    onMessage(bean: StringBean): void {
      this.heard.message(bean.get());
    }
  }

  const client = decoders === undefined ? new EncodingClient(opening) : new DecodingClient(opening);
  return application.converse(path, client, [ECHO]);
};

const programmaticClient: Converse = (application, path, opening, { encoders = [], decoders = [] }) => {
  const endpoint = new RecordingEndpoint(opening, (session, heard) => {
    if (decoders.length === 0) session.addMessageHandler((text: string) => heard.message(text));
    else session.addMessageHandler(StringBean, (bean) => heard.message(bean.get()));
  });
  const config = ClientEndpointConfig.Builder.create().encoders(encoders).decoders(decoders).build();
  return application.converse(path, endpoint, [ECHO], config);
};

/** The coders' log after a conversation, which begins with an empty one. */
async function logOf(conversation: () => Promise<void>): Promise<Readonly<Record<string, string>>> {
  operate('clearall');
  await conversation();
  await turn(); // the coders are destroyed behind @OnClose
  const [init, destroy, code, willCode] = ['getinit', 'getdestroy', 'getcode', 'getwillcode'].map(operate);
  return { init, destroy, code, willCode } as Record<string, string>;
}

/** The log names a class, and a blank behind it, each time that one of its methods is called. */
function calls(...classes: readonly Class<object>[]): string {
  return classes.map((one) => `${javaName(one)} `).join('');
}

/** The tests of both classes of the kit, which differ in what a client is. */
function coderTests(converse: Converse): Readonly<Record<KitTestName<'ee.coder.WSClientIT'>, KitTest>> {
  const encoding = (encoder: EncoderClass) => (application: Application) =>
    logOf(() => converse(application, '/simpleecho', says.object(new StringBean(ECHO)), { encoders: [encoder] }));
  const decoding =
    (path: string, ...decoders: readonly DecoderClass[]) =>
    (application: Application) =>
      logOf(() => converse(application, path, says.text(ECHO), { decoders }));

  const initDestroy = (
    what: string,
    coder: Class<object>,
    talk: (application: Application) => ReturnType<typeof logOf>,
  ): KitTest => ({
    claim: `${what} is initialised with the session and destroyed with it, once each`,
    run: async (application) => {
      const { init, destroy } = await talk(application);
      expect([init, destroy]).toEqual([calls(coder), calls(coder)]);
    },
  });
  const codes = (
    what: string,
    coder: Class<object>,
    talk: (application: Application) => ReturnType<typeof logOf>,
    isAsked = false,
  ): KitTest => ({
    claim: isAsked
      ? `${what} accepts a message once and is called once for it`
      : `${what} is called once for a message`,
    run: async (application) => {
      const { code, willCode } = await talk(application);
      expect([code, willCode]).toEqual([calls(coder), isAsked ? calls(coder) : '']);
    },
  });
  const willDecode = (path: string, first: DecoderClass, second: DecoderClass): KitTest => ({
    claim: 'a decoder declines the message, and the next one decodes it',
    run: async (application) => {
      const { code, willCode } = await decoding(path, first, second)(application);
      expect([code, willCode]).toEqual([calls(second), calls(first, second)]);
    },
  });

  const text = encoding(coders.InitDestroyTextEncoder);
  const textStream = encoding(coders.InitDestroyTextStreamEncoder);
  const binary = encoding(coders.InitDestroyBinaryEncoder);
  const binaryStream = encoding(coders.InitDestroyBinaryStreamEncoder);
  const fromText = decoding('/simpleecho', coders.InitDestroyTextDecoder);
  const fromTextStream = decoding('/simpleecho', coders.InitDestroyTextStreamDecoder);
  const fromBinary = decoding('/simplebin', coders.InitDestroyBinaryDecoder);
  const fromBinaryStream = decoding('/simplebin', coders.InitDestroyBinaryStreamDecoder);
  return {
    textEncoderInitDestroyOnClientTest: initDestroy('a text encoder', coders.InitDestroyTextEncoder, text),
    textStreamEncoderInitDestroyOnClientTest: initDestroy(
      'a text stream encoder',
      coders.InitDestroyTextStreamEncoder,
      textStream,
    ),
    binaryEncoderInitDestroyOnClientTest: initDestroy('a binary encoder', coders.InitDestroyBinaryEncoder, binary),
    binaryStreamEncoderInitDestroyOnClientTest: initDestroy(
      'a binary stream encoder',
      coders.InitDestroyBinaryStreamEncoder,
      binaryStream,
    ),
    textDecoderInitDestroyOnClientTest: initDestroy('a text decoder', coders.InitDestroyTextDecoder, fromText),
    textStreamDecoderInitDestroyOnClientTest: initDestroy(
      'a text stream decoder',
      coders.InitDestroyTextStreamDecoder,
      fromTextStream,
    ),
    binaryDecoderInitDestroyOnClientTest: initDestroy('a binary decoder', coders.InitDestroyBinaryDecoder, fromBinary),
    binaryStreamDecoderInitDestroyOnClientTest: initDestroy(
      'a binary stream decoder',
      coders.InitDestroyBinaryStreamDecoder,
      fromBinaryStream,
    ),
    textEncoderEncodeOnClientTest: codes('a text encoder', coders.InitDestroyTextEncoder, text),
    textStreamEncoderEncodeOnClientTest: codes(
      'a text stream encoder',
      coders.InitDestroyTextStreamEncoder,
      textStream,
    ),
    binaryEncoderEncodeOnClientTest: codes('a binary encoder', coders.InitDestroyBinaryEncoder, binary),
    binaryStreamEncoderEncodeOnClientTest: codes(
      'a binary stream encoder',
      coders.InitDestroyBinaryStreamEncoder,
      binaryStream,
    ),
    textDecoderDecodeOnClientTest: codes('a text decoder', coders.InitDestroyTextDecoder, fromText, true),
    textStreamDecoderDecodeOnClientTest: codes(
      'a text stream decoder',
      coders.InitDestroyTextStreamDecoder,
      fromTextStream,
    ),
    binaryDecoderDecodeOnClientTest: codes('a binary decoder', coders.InitDestroyBinaryDecoder, fromBinary, true),
    binaryStreamDecoderDecodeOnClientTest: codes(
      'a binary stream decoder',
      coders.InitDestroyBinaryStreamDecoder,
      fromBinaryStream,
    ),
    textDecoderWillDecodeOnClientTest: willDecode(
      '/simpleecho',
      coders.WillDecodeFirstTextDecoder,
      coders.WillDecodeSecondTextDecoder,
    ),
    binaryDecoderWillDecodeOnClientTest: willDecode(
      '/simplebin',
      coders.WillDecodeFirstBinaryDecoder,
      coders.WillDecodeSecondBinaryDecoder,
    ),
  };
}

kitSuite('ee.coder.WSClientIT', annotated, coderTests(annotatedClient));
kitSuite('ee.programaticcoder.WSProgramaticClientIT', programmatic, coderTests(programmaticClient));
