import { OnClose, OnError, OnMessage, ServerEndpoint, Session } from 'serval';
import { BotBean } from './bot-bean';
import { MessageDecoder } from './message-decoder';
import { ChatMessageEncoder, InfoMessageEncoder, JoinMessageEncoder, UsersMessageEncoder } from './message-encoders';
import { ChatMessage, InfoMessage, JoinMessage, UsersMessage, type Message } from './messages';

const botBean = new BotBean();

/** One instance for each session. Its user properties hold the values that other sessions need: `name`, `active`. */
@ServerEndpoint('/websocketbot', {
  decoders: [MessageDecoder],
  encoders: [JoinMessageEncoder, ChatMessageEncoder, InfoMessageEncoder, UsersMessageEncoder],
})
export class BotEndpoint {
  @OnMessage
  message(message: Message, session: Session): void {
    if (message instanceof JoinMessage) {
      session.getUserProperties().set('name', message.name).set('active', true);
      sendAll(session, new InfoMessage(`${message.name} has joined the chat`));
      sendAll(session, new ChatMessage('Duke', message.name, 'Hello!'));
      sendAll(session, new UsersMessage(getUserList(session)));
    } else {
      sendAll(session, message);
      // Not awaited, so that the next message of this session doesn't wait until Duke has thought.
      if (message.target === 'Duke') void answer(session, message);
    }
  }

  @OnClose
  closedConnection(session: Session): void {
    const name = session.getUserProperties().get('name');
    session.getUserProperties().set('active', false);
    if (typeof name !== 'string') return;
    sendAll(session, new InfoMessage(`${name} has left the chat`));
    sendAll(session, new UsersMessage(getUserList(session)));
  }

  /** Logs an invalid message; the session goes on. */
  @OnError
  error(error: Error): void {
    console.error('Connection error.', error);
  }
}

async function answer(session: Session, { name, message }: ChatMessage): Promise<void> {
  const response = await botBean.respond(message);
  // The sender may have left.
  if (session.isOpen()) sendAll(session, new ChatMessage('Duke', name, response));
}

/** The container finds the encoder by the class of the message. */
function sendAll(session: Session, message: Message | InfoMessage | UsersMessage): void {
  void session.broadcast(message);
}

function getUserList(session: Session): string[] {
  const joined = [...session.getOpenSessions()]
    .map((open) => open.getUserProperties())
    .filter((properties) => properties.get('active') === true);
  return ['Duke', ...joined.map((properties) => String(properties.get('name')))];
}
