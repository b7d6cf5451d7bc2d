import { CloseReason, OnMessage, PongMessage, ServerEndpoint, Session } from 'serval';

/** The limit for the parts of an incomplete message. The original has no such limit, so it is disabled. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const TOO_BIG = new CloseReason(CloseReason.CloseCodes.TOO_BIG, `A message may have ${MAX_MESSAGE_BYTES} bytes.`);

/** Joins the parts of a message and sends it without waiting; the next message waits for that send. */
@ServerEndpoint('/websocket/echoAsyncAnnotation')
export class EchoAsyncAnnotation {
  private f: Promise<void> = Promise.resolve();
  private sb: string[] = [];
  private bytes: Buffer[] = [];
  private length = 0;

  @OnMessage
  async echoTextMessage(session: Session, msg: string, last: boolean): Promise<void> {
    if (!(await this.take(Buffer.byteLength(msg), session))) return;
    this.sb.push(msg);
    if (!last) return;
    const message = this.sb.join('');
    this.sb = [];
    this.length = 0;
    await this.f;
    this.f = session.getAsyncRemote().sendText(message);
  }

  @OnMessage
  async echoBinaryMessage(msg: Buffer, session: Session, last: boolean): Promise<void> {
    if (!(await this.take(msg.length, session))) return;
    this.bytes.push(msg);
    if (!last) return;
    const message = Buffer.concat(this.bytes);
    this.bytes = [];
    this.length = 0;
    await this.f;
    this.f = session.getAsyncRemote().sendBinary(message);
  }

  @OnMessage
  echoPongMessage(_pm: PongMessage): void {
    // A pong needs no answer.
  }

  /** @returns false if the message is too long, which ends the session */
  private async take(bytes: number, session: Session): Promise<boolean> {
    this.length += bytes;
    if (this.length <= MAX_MESSAGE_BYTES) return true;
    this.sb = [];
    this.bytes = [];
    await session.close(TOO_BIG);
    return false;
  }
}
