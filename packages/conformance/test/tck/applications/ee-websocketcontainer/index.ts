import { OnError, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import type { TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

@JavaPackage('ee.websocketcontainer')
@ServerEndpoint('/TCKTestServer')
class WSTestServer {
  @OnOpen
  async init(session: Session): Promise<void> {
    await session.getBasicRemote().sendText('TCKTestServer opened');
  }

  @OnMessage
  async respond(message: string, session: Session): Promise<void> {
    await session.getBasicRemote().sendText(`TCKTestServer received: ${message}`);
    await session.getBasicRemote().sendText('TCKTestServer responds');
  }

  @OnError
  async onError(session: Session, _thrown: Error): Promise<void> {
    await session.getBasicRemote().sendText('TCKTestServer onError');
  }
}

export const context: TckContext = { root: '/ws_websocketcontainer_web', endpoints: [WSTestServer] };
