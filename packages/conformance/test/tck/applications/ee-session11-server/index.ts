import {
  Endpoint,
  InputStream,
  OnError,
  OnOpen,
  PongMessage,
  Reader,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type DecoderClass,
  type EndpointClass,
} from 'serval';
import { ErrorReporter, printStackTrace } from '../../common/error-reporter';
import {
  StringBean,
  StringBeanBinaryDecoder,
  StringBeanBinaryStreamDecoder,
  StringBeanTextDecoder,
  StringBeanTextStreamDecoder,
} from '../../common/string-bean';
import type { TckContext } from '../../context';
import {
  BytesMessageHandler,
  BytesPartialMessageHandler,
  InputStreamMessageHandler,
  LinkedListHashSetMessageHandler,
  PongMessageHandler,
  ReaderMessageHandler,
  StringBeanMessageHandler,
  StringListWholeMessageHandler,
  StringPartialMessageHandler,
  StringWholeMessageHandler,
} from './handlers';
import { LinkedListHashSetTextDecoder, StringList, StringListTextDecoder } from './string-lists';

type AddHandler = (session: Session) => void;

/** Registers the handler that its configurator has made it for. */
class WSCServerEndpoint extends Endpoint {
  constructor(private readonly addHandler: AddHandler) {
    super();
  }

  override onOpen(session: Session): void {
    this.addHandler(session);
  }

  override onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendText(printStackTrace(thrown));
  }
}

function serve(path: string, addHandler: AddHandler, ...decoders: readonly DecoderClass[]): ServerEndpointConfig {
  class HandlerConfigurator extends ServerEndpointConfig.Configurator {
    override getEndpointInstance<T extends object>(_endpointClass: EndpointClass<T>): T {
      // T is WSCServerEndpoint, because the container only passes the class of this configuration. Java has the same cast.
      return new WSCServerEndpoint(addHandler) as unknown as T;
    }
  }
  return ServerEndpointConfig.Builder.create(WSCServerEndpoint, path)
    .decoders(decoders)
    .configurator(new HandlerConfigurator())
    .build();
}

const addBeanHandler: AddHandler = (session) =>
  session.addMessageHandler(StringBean, new StringBeanMessageHandler(session));

@ServerEndpoint('/annotatedtext', { decoders: [StringBeanTextDecoder] })
class WSCAnnotatedTextServerEndpoint extends ErrorReporter {
  @OnOpen
  onOpen(session: Session): void {
    addBeanHandler(session);
  }
}

@ServerEndpoint('/annotatedbinary', { decoders: [StringBeanBinaryDecoder] })
class WSCAnnotatedBinaryServerEndpoint {
  @OnOpen
  onOpen(session: Session): void {
    addBeanHandler(session);
  }

  @OnError
  onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendBinary(Buffer.from(printStackTrace(thrown)));
  }
}

// Three handlers that register themselves a second time when a message says so.

class StringThrowingPartialMessageHandler extends StringPartialMessageHandler {
  override onMessage(part: string, last: boolean): Promise<void> | undefined {
    if (part !== 'STRING_PARTIAL') return super.onMessage(part, last);
    if (last) this.session.addMessageHandler(String, this);
    return undefined;
  }
}

class InputStreamThrowingMessageHandler extends InputStreamMessageHandler {
  protected override async answer(text: string): Promise<void> {
    if (text === 'INPUTSTREAM') this.session.addMessageHandler(InputStream, this);
    else await super.answer(text);
  }
}

class PongMessageThrowingMessageHandler extends PongMessageHandler {
  override onMessage(pong: PongMessage): Promise<void> | void {
    if (pong.getApplicationData().toString() !== 'PONG') return super.onMessage(pong);
    this.session.addMessageHandler(PongMessage, this);
  }
}

@ServerEndpoint('/exception')
class WSCAnnotatedMixedServerEndpoint {
  @OnOpen
  onOpen(session: Session): void {
    session.addMessageHandler(String, new StringThrowingPartialMessageHandler(session));
    session.addMessageHandler(InputStream, new InputStreamThrowingMessageHandler(session));
    session.addMessageHandler(PongMessage, new PongMessageThrowingMessageHandler(session));
  }

  @OnError
  onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendText(`Exception: ${thrown.message}`);
  }
}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_session11_server_web',
  endpoints: [
    serve('/string_whole', (session) => session.addMessageHandler(String, new StringWholeMessageHandler(session))),
    serve('/string_partial', (session) => session.addMessageHandler(String, new StringPartialMessageHandler(session))),
    serve('/reader', (session) => session.addMessageHandler(Reader, new ReaderMessageHandler(session))),
    serve('/pong', (session) => session.addMessageHandler(PongMessage, new PongMessageHandler(session))),
    serve('/bytebuffer_whole', (session) =>
      session.addMessageHandler(Buffer, new BytesMessageHandler(session, 'ByteBufferMessageHandler')),
    ),
    serve('/bytebuffer_partial', (session) =>
      session.addMessageHandler(Buffer, new BytesPartialMessageHandler(session, 'ByteBufferPartialMessageHandler')),
    ),
    serve('/bytearray_whole', (session) =>
      session.addMessageHandler(Uint8Array, new BytesMessageHandler(session, 'ByteArrayMessageHandler')),
    ),
    serve('/bytearray_partial', (session) =>
      session.addMessageHandler(Uint8Array, new BytesPartialMessageHandler(session, 'ByteArrayPartialMessageHandler')),
    ),
    serve('/inputstream', (session) => session.addMessageHandler(InputStream, new InputStreamMessageHandler(session))),
    serve('/stringbean', addBeanHandler, StringBeanTextDecoder),
    serve('/stringbeanstream', addBeanHandler, StringBeanTextStreamDecoder),
    serve('/stringbeanbinary', addBeanHandler, StringBeanBinaryDecoder),
    serve('/stringbeanbinarystream', addBeanHandler, StringBeanBinaryStreamDecoder),
    serve(
      '/list_text',
      (session) => session.addMessageHandler(StringList, new StringListWholeMessageHandler(session)),
      StringListTextDecoder,
    ),
    serve(
      '/linkedlist_hashset_text',
      (session) => session.addMessageHandler<Set<string>[]>(Array, new LinkedListHashSetMessageHandler(session)),
      LinkedListHashSetTextDecoder,
    ),
    WSCAnnotatedTextServerEndpoint,
    WSCAnnotatedBinaryServerEndpoint,
    WSCAnnotatedMixedServerEndpoint,
  ],
};
