import {
  Endpoint,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type CloseReason,
  type MessageHandler,
  type Session,
} from 'serval';
import { ErrorReporter, printStackTrace } from '../../common/error-reporter';
import type { TckContext } from '../../context';

const EMPTY = 'empty';
const CLOSE = '@OnClose';
const EXCEPTION = 'TCK test throwable';

/** Tells what has happened to the other two. */
@ServerEndpoint('/msg')
class WSCMsgServer extends ErrorReporter {
  static lastMessage = EMPTY;

  @OnMessage
  onMessage(message: string): string {
    if (message === 'reset') WSCMsgServer.lastMessage = EMPTY;
    return WSCMsgServer.lastMessage;
  }
}

class WSCCloseServerEndpoint extends Endpoint implements MessageHandler.Whole<string> {
  #session: Session | undefined;

  override onOpen(session: Session): void {
    session.addMessageHandler(this);
    this.#session = session;
  }

  onMessage(message: string): Promise<void> | undefined {
    return this.#session?.getBasicRemote().sendText(message);
  }

  override onClose(_session: Session, _reason: CloseReason): void {
    WSCMsgServer.lastMessage = CLOSE;
  }

  override onError(session: Session, thrown: Error): Promise<void> {
    return session.getBasicRemote().sendText(printStackTrace(thrown));
  }
}

class WSCErrorServerEndpoint extends Endpoint implements MessageHandler.Whole<string> {
  #session: Session | undefined;

  override onOpen(session: Session): void {
    session.addMessageHandler(this);
    this.#session = session;
  }

  onMessage(message: string): void {
    void this.#session?.getAsyncRemote().sendText(message);
    throw new Error(EXCEPTION);
  }

  override async onError(session: Session, thrown: Error): Promise<void> {
    if (thrown.message === EXCEPTION) WSCMsgServer.lastMessage = EXCEPTION;
    else await session.getBasicRemote().sendText(printStackTrace(thrown));
  }
}

export const context: TckContext = {
  root: '/wsc_ee_endpoint_server_web',
  endpoints: [
    ServerEndpointConfig.Builder.create(WSCCloseServerEndpoint, '/close').build(),
    ServerEndpointConfig.Builder.create(WSCErrorServerEndpoint, '/error').build(),
    WSCMsgServer,
  ],
};
