import { IOException, OnMessage, PongMessage, ServerEndpoint, Session } from 'serval';

/** Sends every part back as soon as it arrives. It never holds a message, so none is too large. */
@ServerEndpoint('/websocket/echoAnnotation')
export class EchoAnnotation {
  @OnMessage
  async echoTextMessage(session: Session, msg: string, last: boolean): Promise<void> {
    try {
      if (session.isOpen()) await session.getBasicRemote().sendText(msg, last);
    } catch (error) {
      if (!(error instanceof IOException)) throw error;
      await session.close();
    }
  }

  @OnMessage
  async echoBinaryMessage(session: Session, bb: Buffer, last: boolean): Promise<void> {
    try {
      if (session.isOpen()) await session.getBasicRemote().sendBinary(bb, last);
    } catch (error) {
      if (!(error instanceof IOException)) throw error;
      await session.close();
    }
  }

  @OnMessage
  echoPongMessage(_pm: PongMessage): void {
    // A pong needs no answer.
  }
}
