import { CloseReason, Endpoint, OnClose, OnError, OnOpen, Session, type EndpointConfig } from 'serval';
import { Recorder } from './recorder';

/** The action of a client when its session opens. */
export type Opening = (session: Session) => unknown;

/** The ways to open a conversation: with a text, with bytes, with an object that is encoded, with a ping. */
export const says = {
  text:
    (text: string): Opening =>
    (session) =>
      session.getBasicRemote().sendText(text),
  bytes:
    (text: string): Opening =>
    (session) =>
      session.getBasicRemote().sendBinary(Buffer.from(text)),
  object:
    (object: unknown): Opening =>
    (session) =>
      session.getBasicRemote().sendObject(object),
  ping:
    (text: string): Opening =>
    (session) =>
      session.getBasicRemote().sendPing(Buffer.from(text)),
};

/** The base of the annotated client endpoints. A subclass has its own annotation and receives messages. */
export abstract class RecordingClient {
  readonly heard = new Recorder();

  constructor(protected readonly opening: Opening) {}

  @OnOpen
  async onOpen(session: Session): Promise<void> {
    await this.opening(session);
  }

  @OnClose
  onClose(_session: Session, reason: CloseReason): void {
    this.heard.close(reason);
  }

  @OnError
  onError(_session: Session, thrown: Error): void {
    this.heard.error(thrown);
  }
}

/** A programmatic client endpoint. */
export class RecordingEndpoint extends Endpoint {
  readonly heard = new Recorder();

  /** @param listen adds the message handlers, before the conversation is opened */
  constructor(
    private readonly opening: Opening,
    private readonly listen: (session: Session, heard: Recorder) => void = hearText,
  ) {
    super();
  }

  override async onOpen(session: Session, _config: EndpointConfig): Promise<void> {
    this.listen(session, this.heard);
    await this.opening(session);
  }

  override onClose(_session: Session, reason: CloseReason): void {
    this.heard.close(reason);
  }

  override onError(_session: Session, thrown: Error): void {
    this.heard.error(thrown);
  }
}

function hearText(session: Session, heard: Recorder): void {
  session.addMessageHandler((text: string) => heard.message(text));
}
