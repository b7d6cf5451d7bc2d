import {
  Endpoint,
  ServerEndpointConfig,
  type DecoderClass,
  type EncoderClass,
  type EndpointClass,
  type Extension,
  type MessageHandler,
  type Session,
} from 'serval';
import { printStackTrace } from '../../common/error-reporter';
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
} from '../ee-coder/coders';
import { WSCLoggerServer, WSCSimpleBinaryEchoServer, WSCSimpleEchoServer } from '../ee-coder/echo-servers';

abstract class ReportingEndpoint extends Endpoint {
  protected session: Session | undefined;

  override onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendText(printStackTrace(thrown));
  }
}

/** Receives a bean, sends its text. */
class WSCDecoderServer extends ReportingEndpoint implements MessageHandler.Whole<StringBean> {
  override onOpen(session: Session): void {
    this.session = session;
    session.addMessageHandler(StringBean, this);
  }

  onMessage(bean: StringBean): Promise<void> | undefined {
    return this.session?.getBasicRemote().sendText(bean.get());
  }
}

/** Receives a text, sends a bean. */
class WSCEncoderServer extends ReportingEndpoint implements MessageHandler.Whole<string> {
  override onOpen(session: Session): void {
    this.session = session;
    session.addMessageHandler(this);
  }

  onMessage(text: string): Promise<void> | undefined {
    return this.session?.getBasicRemote().sendObject(new StringBean(text));
  }
}

/** A configuration without the builder, as the specification allows. */
abstract class CoderEndpointConfig extends ServerEndpointConfig {
  readonly #configurator = new ServerEndpointConfig.Configurator();
  readonly #userProperties = new Map<string, unknown>();

  constructor(
    private readonly path: string,
    private readonly endpointClass: EndpointClass,
  ) {
    super();
  }

  override getUserProperties(): Map<string, unknown> {
    return this.#userProperties;
  }
  override getEndpointClass(): EndpointClass {
    return this.endpointClass;
  }
  override getPath(): string {
    return this.path;
  }
  override getSubprotocols(): readonly string[] {
    return [];
  }
  override getExtensions(): readonly Extension[] {
    return [];
  }
  override getConfigurator(): ServerEndpointConfig.Configurator {
    return this.#configurator;
  }
  override getEncoders(): readonly EncoderClass[] {
    return [];
  }
  override getDecoders(): readonly DecoderClass[] {
    return [];
  }
}

class DecoderEndpointConfig extends CoderEndpointConfig {
  constructor(
    path: string,
    private readonly decoders: readonly DecoderClass[],
  ) {
    super(path, WSCDecoderServer);
  }

  override getDecoders(): readonly DecoderClass[] {
    return this.decoders;
  }
}

class EncoderEndpointConfig extends CoderEndpointConfig {
  constructor(
    path: string,
    private readonly encoder: EncoderClass,
  ) {
    super(path, WSCEncoderServer);
  }

  override getEncoders(): readonly EncoderClass[] {
    return [this.encoder];
  }
}

export const context: TckContext = {
  root: '/wsc_ee_programaticcoder_web',
  endpoints: [
    new DecoderEndpointConfig('/textdecoder', [InitDestroyTextDecoder]),
    new DecoderEndpointConfig('/textstreamdecoder', [InitDestroyTextStreamDecoder]),
    new DecoderEndpointConfig('/textwilldecode', [WillDecodeFirstTextDecoder, WillDecodeSecondTextDecoder]),
    new DecoderEndpointConfig('/binarydecoder', [InitDestroyBinaryDecoder]),
    new DecoderEndpointConfig('/binarystreamdecoder', [InitDestroyBinaryStreamDecoder]),
    new DecoderEndpointConfig('/binarywilldecode', [WillDecodeFirstBinaryDecoder, WillDecodeSecondBinaryDecoder]),
    new EncoderEndpointConfig('/textencoder', InitDestroyTextEncoder),
    new EncoderEndpointConfig('/textstreamencoder', InitDestroyTextStreamEncoder),
    new EncoderEndpointConfig('/binaryencoder', InitDestroyBinaryEncoder),
    new EncoderEndpointConfig('/binarystreamencoder', InitDestroyBinaryStreamEncoder),
    WSCLoggerServer,
    WSCSimpleEchoServer,
    WSCSimpleBinaryEchoServer,
  ],
};
