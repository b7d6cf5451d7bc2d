import { OnMessage, type OutputStream, PongMessage, ServerEndpoint, Session, type Writer } from 'serval';

/** Writes the parts of a message to a stream. The first part opens it, and the last part closes it. */
@ServerEndpoint('/websocket/echoStreamAnnotation')
export class EchoStreamAnnotation {
  private writer: Writer | undefined;
  private stream: OutputStream | undefined;

  @OnMessage
  async echoTextMessage(session: Session, msg: string, last: boolean): Promise<void> {
    this.writer ??= session.getBasicRemote().getSendWriter();
    await this.writer.write(msg);
    if (last) {
      await this.writer.close();
      this.writer = undefined;
    }
  }

  @OnMessage
  async echoBinaryMessage(msg: Buffer, session: Session, last: boolean): Promise<void> {
    this.stream ??= session.getBasicRemote().getSendStream();
    await this.stream.write(msg);
    await this.stream.flush();
    if (last) {
      await this.stream.close();
      this.stream = undefined;
    }
  }

  @OnMessage
  echoPongMessage(_pm: PongMessage): void {
    // A pong needs no answer.
  }
}
