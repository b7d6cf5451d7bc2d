import { DecodeException, OnClose, OnError, OnMessage, OnOpen, PathParam, ServerEndpoint, Session } from 'serval';
import { type ClientMessage, ClientMessages, ServerMessages } from './messages';
import { Room } from './room';

const NAME = /^.{1,24}$/u;
const ROOM = /^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} _-]{0,31}$/u;

/** One person in one room: the container creates an instance for each session. */
@ServerEndpoint('/chat/{room}', { decoders: [ClientMessages], encoders: [ServerMessages] })
export class Chat {
  private room?: Room;
  private name = '';

  @OnOpen
  async open(session: Session, @PathParam('room') roomName: string): Promise<void> {
    const wishedName = (session.query.get('name') ?? '').normalize().replace(/\s+/g, ' ').trim();
    if (!NAME.test(wishedName)) return session.close(1008, 'A name has 1 to 24 characters.');
    if (!ROOM.test(roomName)) return session.close(1008, 'A room has 1 to 32 letters, digits, spaces or hyphens.');
    this.room = Room.named(roomName);
    this.name = this.room.join(session, wishedName);
  }

  @OnMessage('say')
  say(message: ClientMessage): void {
    this.room?.send({ kind: 'said', name: this.name, text: message.text, at: Date.now() });
  }

  @OnClose
  close(): void {
    this.room?.leave(this.name);
  }

  /** Answers an invalid message; the session goes on. */
  @OnError
  async failed(session: Session, error: Error): Promise<void> {
    if (error instanceof DecodeException) {
      // Without issues the message is not even JSON.
      const [issue = { message: 'A message is JSON.' }] = error.issues ?? [];
      await session.send({ kind: 'error', problem: issue.message });
    } else {
      console.error(error);
    }
  }
}
