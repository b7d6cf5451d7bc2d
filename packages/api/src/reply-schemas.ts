import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema';

/** The value of a message's discriminator: `'say'`, or a number such as an opcode. */
export type MessageType = string | number;

/** The schemas of the replies to requests, by the type of the request: the option `replies` of a codec. */
export type ReplySchemas = Readonly<Record<string, StandardSchema>>;

/** The `replies` of a codec without the option. */
export type NoReplies = Readonly<Record<never, StandardSchema>>;

/** The schema of the replies to requests of a type, by the codecs of a union; never if none of them has it. */
type SchemaForType<Codecs, T extends MessageType> = Codecs extends { readonly replies: infer R }
  ? `${T}` extends keyof R
    ? R[`${T}`]
    : never
  : never;

/** The schema of the replies to a message, by the codecs of a union. */
type SchemaForMessage<Codecs, Message> = Codecs extends { readonly discriminator: infer D extends string }
  ? Message extends { readonly [K in D]: infer T extends MessageType }
    ? SchemaForType<Codecs, T>
    : never
  : never;

/** The members of a union of messages whose replies have a schema. */
export type AnsweredMessage<Message, Codecs> = Message extends unknown
  ? [SchemaForMessage<Codecs, Message>] extends [never]
    ? never
    : Message
  : never;

/** The reply to a message, as `request` resolves to it. */
export type ReplyTo<Message, Codecs> = OutputOf<SchemaForMessage<Codecs, Message>>;

/** The result of a handler for messages of a type: the reply if it has a schema, otherwise anything. */
export type ReplyFor<T extends MessageType, Codecs> = [SchemaForType<Codecs, T>] extends [never]
  ? unknown
  : InputOf<SchemaForType<Codecs, T>> | PromiseLike<InputOf<SchemaForType<Codecs, T>>>;

type OutputOf<S> = S extends StandardSchema ? SchemaOutput<S> : never;
type InputOf<S> = S extends StandardSchema ? SchemaInput<S> : never;
