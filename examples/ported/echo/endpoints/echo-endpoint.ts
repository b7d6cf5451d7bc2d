import { Endpoint, IOException, type MessageHandler, type RemoteEndpoint, type Session } from 'serval';

/** The same echo without annotations: two handlers, registered when the session opens. */
export class EchoEndpoint extends Endpoint {
  override onOpen(session: Session): void {
    const remoteEndpointBasic = session.getBasicRemote();
    session.addMessageHandler(String, new EchoMessageHandlerText(remoteEndpointBasic, session));
    session.addMessageHandler(Buffer, new EchoMessageHandlerBinary(remoteEndpointBasic, session));
  }
}

class EchoMessageHandlerText implements MessageHandler.Partial<string> {
  constructor(
    private readonly remoteEndpointBasic: RemoteEndpoint.Basic,
    private readonly session: Session,
  ) {}

  async onMessage(message: string, last: boolean): Promise<void> {
    try {
      await this.remoteEndpointBasic.sendText(message, last);
    } catch (error) {
      if (!(error instanceof IOException)) throw error;
      await this.session.close();
    }
  }
}

class EchoMessageHandlerBinary implements MessageHandler.Partial<Buffer> {
  constructor(
    private readonly remoteEndpointBasic: RemoteEndpoint.Basic,
    private readonly session: Session,
  ) {}

  async onMessage(message: Buffer, last: boolean): Promise<void> {
    try {
      await this.remoteEndpointBasic.sendBinary(message, last);
    } catch (error) {
      if (!(error instanceof IOException)) throw error;
      await this.session.close();
    }
  }
}
