import { Encoder } from 'serval';
import { ChatMessage, InfoMessage, JoinMessage, UsersMessage } from './messages';

// The container takes the first encoder whose class the object is an instance of.

export class JoinMessageEncoder implements Encoder.Text<JoinMessage> {
  static readonly encodes = Encoder.text(JoinMessage);

  encode({ type, name }: JoinMessage): string {
    return JSON.stringify({ type, name });
  }
}

export class ChatMessageEncoder implements Encoder.Text<ChatMessage> {
  static readonly encodes = Encoder.text(ChatMessage);

  encode({ type, name, target, message }: ChatMessage): string {
    return JSON.stringify({ type, name, target, message });
  }
}

export class InfoMessageEncoder implements Encoder.Text<InfoMessage> {
  static readonly encodes = Encoder.text(InfoMessage);

  encode({ type, info }: InfoMessage): string {
    return JSON.stringify({ type, info });
  }
}

export class UsersMessageEncoder implements Encoder.Text<UsersMessage> {
  static readonly encodes = Encoder.text(UsersMessage);

  encode({ type, userlist }: UsersMessage): string {
    return JSON.stringify({ type, userlist });
  }
}
