import { EndpointConfig, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { AnnouncingServer, say } from '../../common/scripted-server';
import type { TckContext } from '../../context';
import { javaName } from '../../java-names';

@ServerEndpoint('/TCKTestServer')
class WSTestServer extends AnnouncingServer {
  protected readonly title = 'TCKTestServer';
  protected readonly owner = 'Server';
  #config: EndpointConfig | undefined;

  @OnOpen
  override async init(session: Session, config?: EndpointConfig): Promise<void> {
    this.#config = config;
    await super.init(session);
  }

  @OnMessage
  async respondString(message: string, session: Session): Promise<void> {
    await say(session, `TCKTestServer received String:${message}|`);
    await say(session, `TCKTestServer: subProtocol==${session.getNegotiatedSubprotocol()}|`);
    const extensions = session.getNegotiatedExtensions();
    await say(session, `TCKTestServer: Extension size=${extensions.length}|`);
    for (const extension of extensions) await say(session, `TCKTestServer: extensions ${extension.getName()}|`);

    const encoders = this.#config?.getEncoders() ?? [];
    await say(session, `TCKTestServer: getEncoders() returned encoders size=${encoders.length}|`);
    for (const encoder of encoders) await session.getBasicRemote().sendText(`class ${javaName(encoder)}|`);
    const decoders = this.#config?.getDecoders() ?? [];
    await say(session, `TCKTestServer: EndpointConfig.getDecoders() returned decoders size=${decoders.length}|`);
    for (const decoder of decoders) await session.getBasicRemote().sendText(`class ${javaName(decoder)}|`);
  }

  @OnMessage
  async respondByte(message: Buffer, session: Session): Promise<void> {
    const remote = session.getBasicRemote();
    await remote.sendBinary(Buffer.from('========TCKTestServer received ByteBuffer: '));
    await remote.sendBinary(message);
    await remote.sendBinary(Buffer.from('========TCKTestServer responds: Message in bytes'));
  }
}

export const context: TckContext = { root: '/ws_ee_clientendpointconfig_web', endpoints: [WSTestServer] };
