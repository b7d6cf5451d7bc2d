import { DecodeException, Decoder } from 'serval';
import { ChatMessage, JoinMessage, type Message } from './messages';

/** `Message` is a union, which has no class at run time, so `Decoder.text` gets none. */
export class MessageDecoder implements Decoder.Text<Message> {
  static readonly decodes = Decoder.text<Message>();

  decode(text: string): Message {
    const { type, name, target, message } = parseObject(text);
    if (type === 'join' && typeof name === 'string') return new JoinMessage(name);
    if (type === 'chat' && typeof name === 'string' && typeof target === 'string' && typeof message === 'string') {
      return new ChatMessage(name, target, message);
    }
    throw new DecodeException(text, 'A message is a join with a name, or a chat with name, target and message.');
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DecodeException(text, 'A message is JSON.', cause);
  }
  // Every object can be read by key; the caller checks the values.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
