import { OnError, OnMessage, ServerEndpoint, Session } from 'serval';
import { ErrorReporter, printStackTrace } from '../../common/error-reporter';
import type { TckContext } from '../../context';

@ServerEndpoint('/echo')
class WSCEchoServerEndpoint extends ErrorReporter {
  @OnMessage
  onMessage(text: string): string {
    return `Text Server says:${text}`;
  }
}

@ServerEndpoint('/binecho')
class WSCBinaryEchoServerEndpoint {
  @OnMessage
  onMessage(bytes: Buffer): Buffer {
    return Buffer.concat([Buffer.from('Binary Server says:'), bytes]);
  }

  @OnError
  onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendBinary(Buffer.from(printStackTrace(thrown)));
  }
}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_session11_client_web',
  endpoints: [WSCEchoServerEndpoint, WSCBinaryEchoServerEndpoint],
};
