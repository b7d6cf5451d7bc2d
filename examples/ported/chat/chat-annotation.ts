import { IOException, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { filterHtml } from './html-filter';

const GUEST_PREFIX = 'Guest';
const BACKLOG_LIMIT = 10;

/** One guest of the chat. */
@ServerEndpoint('/websocket/chat')
export class ChatAnnotation {
  private static connectionIds = 0;
  private static readonly connections = new Set<ChatAnnotation>();

  private readonly nickname = `${GUEST_PREFIX}${ChatAnnotation.connectionIds++}`;
  private session: Session | undefined;
  /** Messages that arrive while another one is being sent. The sender of that one sends these too. */
  private messageBacklog: string[] = [];
  private messageInProgress = false;
  private skippedMessageCount = 0;

  @OnOpen
  async start(session: Session): Promise<void> {
    this.session = session;
    ChatAnnotation.connections.add(this);
    await ChatAnnotation.broadcast(`* ${this.nickname} has joined.`);
  }

  @OnClose
  async end(): Promise<void> {
    ChatAnnotation.connections.delete(this);
    await ChatAnnotation.broadcast(`* ${this.nickname} has disconnected.`);
  }

  @OnMessage
  async incoming(message: string): Promise<void> {
    await ChatAnnotation.broadcast(`${this.nickname}: ${filterHtml(message)}`);
  }

  @OnError
  onError(error: Error): void {
    console.error('Chat error:', error);
  }

  /** A guest who reads too slowly misses messages, and gets their number. */
  private async sendMessage(message: string): Promise<void> {
    let next: string | undefined = message;
    // Nothing else runs from here to the first await. Java needs `synchronized` for that.
    if (this.messageInProgress) {
      if (this.skippedMessageCount > 0) {
        this.skippedMessageCount += 1;
      } else if (this.messageBacklog.length >= BACKLOG_LIMIT) {
        this.skippedMessageCount = this.messageBacklog.length + 1;
        this.messageBacklog = [];
      } else {
        this.messageBacklog.push(message);
      }
      return;
    }
    if (this.skippedMessageCount > 0) {
      this.messageBacklog.push(message);
      next = `Skipped [${this.skippedMessageCount}] messages due to slow client`;
      this.skippedMessageCount = 0;
    }
    this.messageInProgress = true;
    for (; next !== undefined; next = this.messageBacklog.shift()) {
      await this.session?.getBasicRemote().sendText(next);
    }
    this.messageInProgress = false;
  }

  /** Settles when each guest has received the message, is slow, or is gone. */
  private static async broadcast(message: string): Promise<void> {
    await Promise.all(Array.from(ChatAnnotation.connections, (client) => ChatAnnotation.deliver(client, message)));
  }

  private static async deliver(client: ChatAnnotation, message: string): Promise<void> {
    try {
      await client.sendMessage(message);
    } catch (error) {
      if (!(error instanceof IOException)) throw error;
      if (!ChatAnnotation.connections.delete(client)) return;
      await client.session?.close();
      await ChatAnnotation.broadcast(`* ${client.nickname} has been disconnected.`);
    }
  }
}
