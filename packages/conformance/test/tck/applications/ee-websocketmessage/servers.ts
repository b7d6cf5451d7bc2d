import {
  Char,
  InputStream,
  OnError,
  OnMessage,
  PongMessage,
  Reader,
  ServerEndpoint,
  Session,
  type DecoderClass,
  type EndpointClass,
} from 'serval';
import { ErrorReporter, printStackTrace } from '../../common/error-reporter';
import { doubleToString, floatToString } from '../../common/java-numbers';
import {
  StringBean,
  StringBeanBinaryDecoder,
  StringBeanBinaryStreamDecoder,
  StringBeanTextDecoder,
  StringBeanTextStreamDecoder,
} from '../../common/string-bean';
import { JavaPackage } from '../../java-names';
import { partialMessageServers } from './partial-messages';
import { wholeMessageServers } from './whole-messages';

const concatenated = (text: string, pathParam: unknown): string => text + String(pathParam);

/** Every type of Java's has a class with the primitive and one with its box; here both are the same. */
const PRIMITIVE_AND_FULL = ['Primitive', 'Full'] as const;

const primitives = PRIMITIVE_AND_FULL.flatMap((kind) => [
  ...wholeMessageServers({
    name: `${kind}Boolean`,
    type: Boolean,
    pathParamType: Boolean,
    // Java's WSFullBooleanAndSessionAndPathParamServer names a variable that there is not, and gets false.
    pathParamBesideSession: kind === 'Full' ? '{param}' : 'param',
    toText: String,
    withPathParam: concatenated,
  }),
  ...wholeMessageServers({
    name: `${kind}Char`,
    type: Char,
    pathParamType: Char,
    toText: (char) => char,
    alone: (char) => (kind === 'Primitive' ? `${char}char` : char),
    withPathParam: concatenated,
  }),
  ...['Byte', 'Short', 'Int'].flatMap((type) =>
    wholeMessageServers({
      name: `${kind}${type}`,
      type: Number,
      pathParamType: Number,
      toText: String,
      withPathParam: concatenated,
    }),
  ),
  ...wholeMessageServers({
    name: `${kind}Long`,
    type: BigInt,
    pathParamType: BigInt,
    toText: String,
    withPathParam: concatenated,
  }),
  ...floatingPointServers(`${kind}Double`, doubleToString),
  ...floatingPointServers(`${kind}Float`, floatToString),
]);

function floatingPointServers(name: string, format: (value: number) => string): readonly EndpointClass[] {
  return wholeMessageServers({
    name,
    type: Number,
    pathParamType: Number,
    toText: format,
    withPathParam: (text, pathParam) => (text + format(pathParam)).replaceAll('.0', ''),
  });
}

const texts = [
  ...wholeMessageServers({
    name: 'String',
    type: String,
    pathParamType: String,
    toText: (text) => text,
    withPathParam: concatenated,
  }),
  ...wholeMessageServers({
    name: 'Reader',
    type: Reader,
    pathParamType: String,
    toText: (reader) => reader.readAll(),
    withPathParam: concatenated,
  }),
];

const bytes = [
  ...wholeMessageServers({
    name: 'ByteArray',
    type: Uint8Array,
    pathParamType: String,
    toText: (array) => Buffer.from(array).toString(),
    withPathParam: concatenated,
  }),
  ...wholeMessageServers({
    name: 'ByteBuffer',
    type: Buffer,
    pathParamType: String,
    toText: (buffer) => buffer.toString(),
    withPathParam: concatenated,
  }),
  ...wholeMessageServers({
    name: 'InputStream',
    type: InputStream,
    pathParamType: String,
    toText: async (stream) => (await stream.readAll()).toString(),
    withPathParam: concatenated,
  }),
];

const pongs = wholeMessageServers({
  name: 'PongMessage',
  type: PongMessage,
  pathParamType: String,
  toText: (pong) => pong.getApplicationData().toString(),
  withPathParam: concatenated,
});

const decoded = Object.entries<DecoderClass<StringBean>>({
  TextDecoder: StringBeanTextDecoder,
  TextStreamDecoder: StringBeanTextStreamDecoder,
  BinaryDecoder: StringBeanBinaryDecoder,
  BinaryStreamDecoder: StringBeanBinaryStreamDecoder,
}).flatMap(([name, decoder]) =>
  wholeMessageServers({
    name,
    type: StringBean,
    decoders: [decoder],
    pathParamType: String,
    toText: (bean) => bean.get(),
    withPathParam: concatenated,
  }),
);

const partials = [
  ...partialMessageServers({
    name: 'String',
    type: String,
    toText: (part) => part,
    withPathParam: concatenated,
  }),
  ...partialMessageServers({
    name: 'ByteArray',
    type: Uint8Array,
    toText: (part) => Buffer.from(part).toString(),
    withPathParam: (answer, pathParam) => `${answer}[${pathParam}]`,
  }),
  ...partialMessageServers({
    name: 'ByteBuffer',
    type: Buffer,
    toText: (part) => part.toString(),
    withPathParam: (answer, pathParam) => `${answer}[${pathParam}]`,
  }),
];

@JavaPackage('ee.websocketmessage')
@ServerEndpoint('/maxlen')
class WSMaxLengthServer {
  @OnMessage({ maxMessageSize: 5 })
  echo(echo: string): string {
    return echo;
  }

  @OnError
  async onError(session: Session, thrown: Error): Promise<void> {
    const message = 'maxMessageSize cased an exception as expected';
    await session.getBasicRemote().sendText(message + printStackTrace(thrown));
  }
}

/**
 * Answers with the default of `maxMessageSize`.
 *
 * Differs from Java, which reads the annotation by reflection. An annotation here cannot be read, so this is the value in
 * the reference.
 */
@JavaPackage('ee.websocketmessage')
@ServerEndpoint('/defaultmaxlen')
class WSDefaultMaxLengthServer extends ErrorReporter {
  @OnMessage
  echo(_echo: string): string {
    return '-1';
  }
}

export const servers: readonly EndpointClass[] = [
  ...primitives,
  ...texts,
  ...bytes,
  ...pongs,
  ...decoded,
  ...partials,
  WSMaxLengthServer,
  WSDefaultMaxLengthServer,
];
