import { DecodeException, Decoder, Encoder } from 'serval';

const MAX_TEXT_LENGTH = 1000;

/** A message from a page. */
export interface ClientMessage {
  readonly kind: 'say';
  /** 1 to 1000 characters. */
  readonly text: string;
}

/** A message from the server. */
export type ServerMessage =
  /** The first message: the newcomer's final name, and everyone in the room. */
  | { readonly kind: 'welcome'; readonly you: string; readonly members: readonly string[] }
  | { readonly kind: 'joined'; readonly name: string }
  | { readonly kind: 'left'; readonly name: string }
  /** `at` is in milliseconds since 1970. */
  | { readonly kind: 'said'; readonly name: string; readonly text: string; readonly at: number }
  /** Only for the sender of an invalid message. */
  | { readonly kind: 'error'; readonly problem: string };

/** An interface has no class at run time, so `Decoder.text` gets none. */
export class ClientMessageDecoder implements Decoder.Text<ClientMessage> {
  static readonly decodes = Decoder.text<ClientMessage>();

  decode(json: string): ClientMessage {
    const { kind, text } = parseObject(json);
    if (kind !== 'say' || typeof text !== 'string') {
      throw new DecodeException(json, 'A message looks like {"kind":"say","text":"hello"}.');
    }
    const trimmed = text.trim();
    if (trimmed === '' || trimmed.length > MAX_TEXT_LENGTH) {
      throw new DecodeException(json, `A text has 1 to ${MAX_TEXT_LENGTH} characters.`);
    }
    return { kind, text: trimmed };
  }
}

export class ServerMessageEncoder implements Encoder.Text<ServerMessage> {
  static readonly encodes = Encoder.text<ServerMessage>();

  encode(message: ServerMessage): string {
    return JSON.stringify(message);
  }
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new DecodeException(json, 'A message is JSON.', cause);
  }
  // Every object can be read by key; the caller checks the values.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
