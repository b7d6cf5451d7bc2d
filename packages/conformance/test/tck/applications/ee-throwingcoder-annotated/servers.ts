import {
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type SendResult,
} from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { StringBean } from '../../common/string-bean';
import { JavaName, JavaPackage } from '../../java-names';
import {
  ThrowingBinaryDecoder,
  ThrowingBinaryEncoder,
  ThrowingBinaryStreamDecoder,
  ThrowingBinaryStreamEncoder,
  ThrowingIOBinaryStreamDecoder,
  ThrowingIOBinaryStreamEncoder,
  ThrowingIOTextStreamDecoder,
  ThrowingIOTextStreamEncoder,
  ThrowingTextDecoder,
  ThrowingTextEncoder,
  ThrowingTextStreamDecoder,
  ThrowingTextStreamEncoder,
} from './throwing-coders';

/** Tells what the first cause of an error says. */
abstract class CauseReporter {
  @OnError
  async onError(session: Session, thrown: Error): Promise<void> {
    let cause = thrown;
    while (cause.cause instanceof Error) cause = cause.cause;
    await session.getBasicRemote().sendText(cause.message);
  }
}

type Send = (session: Session, bean: StringBean) => Promise<void>;

const basic: Send = (session, bean) => session.getBasicRemote().sendObject(bean);

const withFuture: Send = (session, bean) => session.getAsyncRemote().sendObject(bean);

const withHandler: Send = async (session, bean) => {
  const result = await new Promise<SendResult>((resolve) => session.getAsyncRemote().sendObject(bean, resolve));
  const exception = result.getException();
  if (exception !== null) throw new Error('The bean was not sent.', { cause: exception });
};

// --- the error comes from a decoder ------------------------------------------------------------------------------------

const decodingServers = Object.entries<DecoderClass<StringBean>>({
  TextDecoder: ThrowingTextDecoder,
  TextStreamDecoder: ThrowingTextStreamDecoder,
  BinaryDecoder: ThrowingBinaryDecoder,
  BinaryStreamDecoder: ThrowingBinaryStreamDecoder,
  IOTextStreamDecoder: ThrowingIOTextStreamDecoder,
  IOBinaryStreamDecoder: ThrowingIOBinaryStreamDecoder,
}).map(([name, decoder]) => decodingServer(name, decoder));

function decodingServer(name: string, decoder: DecoderClass<StringBean>): EndpointClass {
  @JavaName(`ee.jakarta.tck.websocket.ee.throwingcoder.annotated.WSC${name}Server`)
  @ServerEndpoint(`/${name.toLowerCase()}`, { decoders: [decoder] })
  class DecodingServer extends CauseReporter {
    @OnMessage
    echo(bean: StringBean): string {
      return bean.get();
    }
  }
  return DecodingServer;
}

// --- the error comes from an encoder, for an object that is sent -------------------------------------------------------

const encodingServers = Object.entries<readonly [EncoderClass, Send]>({
  TextEncoder: [ThrowingTextEncoder, basic],
  TextStreamEncoder: [ThrowingTextStreamEncoder, withHandler],
  BinaryEncoder: [ThrowingBinaryEncoder, basic],
  BinaryStreamEncoder: [ThrowingBinaryStreamEncoder, withFuture],
  IOTextStreamEncoder: [ThrowingIOTextStreamEncoder, withHandler],
  IOBinaryStreamEncoder: [ThrowingIOBinaryStreamEncoder, withFuture],
}).map(([name, [encoder, send]]) => encodingServer(name, encoder, send));

function encodingServer(name: string, encoder: EncoderClass, send: Send): EndpointClass {
  @JavaName(`ee.jakarta.tck.websocket.ee.throwingcoder.annotated.WSC${name}Server`)
  @ServerEndpoint(`/${name.toLowerCase()}`, { encoders: [encoder] })
  class EncodingServer extends CauseReporter {
    @OnMessage
    async echo(data: string, session: Session): Promise<void> {
      await send(session, new StringBean(data));
    }
  }
  return EncodingServer;
}

// --- the error comes from an encoder, for an object that is returned ---------------------------------------------------

const returningServers = Object.entries<EncoderClass>({
  ReturningTextEncoder: ThrowingTextEncoder,
  ReturningTextStreamEncoder: ThrowingTextStreamEncoder,
  ReturningBinaryEncoder: ThrowingBinaryEncoder,
  ReturningBinaryStreamEncoder: ThrowingBinaryStreamEncoder,
  ReturningIOTextStreamEncoder: ThrowingIOTextStreamEncoder,
  ReturningIOBinaryStreamEncoder: ThrowingIOBinaryStreamEncoder,
}).map(([name, encoder]) => returningServer(name, encoder));

function returningServer(name: string, encoder: EncoderClass): EndpointClass {
  // `/ioreturning…`, where the class is `WSCReturningIO…`.
  const path = name.replace(/^ReturningIO/, 'IOReturning').toLowerCase();

  @JavaName(`ee.jakarta.tck.websocket.ee.throwingcoder.annotated.WSC${name}Server`)
  @ServerEndpoint(`/${path}`, { encoders: [encoder] })
  class ReturningServer extends CauseReporter {
    @OnMessage
    echo(data: string): StringBean {
      return new StringBean(data);
    }
  }
  return ReturningServer;
}

// --- for the tests of the client's coders ------------------------------------------------------------------------------

@JavaPackage('ee.throwingcoder.annotated')
@ServerEndpoint('/simpleecho')
class WSCSimpleEchoServer extends ErrorReporter {
  @OnOpen
  onOpen(session: Session): void {
    session.addMessageHandler(Buffer, (message) => session.getBasicRemote().sendText(this.echo(message.toString())));
  }

  @OnMessage
  echo(echo: string): string {
    return echo;
  }
}

@JavaPackage('ee.throwingcoder.annotated')
@ServerEndpoint('/simplebin')
class WSCSimpleBinaryEchoServer extends ErrorReporter {
  @OnMessage
  echo(echo: string): Buffer {
    return Buffer.from(echo);
  }
}

export const servers: readonly EndpointClass[] = [
  ...decodingServers,
  ...encodingServers,
  ...returningServers,
  WSCSimpleEchoServer,
  WSCSimpleBinaryEchoServer,
];
