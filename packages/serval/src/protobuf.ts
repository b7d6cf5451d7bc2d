// `serval/protobuf`: a codec for Protocol Buffers. It needs the package @bufbuild/protobuf.
import { IllegalArgumentException, type Codec, type CodecOptions, type NoReplies } from '@serval/api';
import { codecFor, describeValue, loadLazily } from '@serval/api/spi';
import type * as Protobuf from '@bufbuild/protobuf';

/** The description of a message that protoc-gen-es generates: `ChatSchema`. */
export interface ProtobufSchema {
  readonly kind: 'message';
  readonly typeName: string;
}

/** The options of {@link protobuf}. */
export interface ProtobufOptions {
  /**
   * The answer to a message that cannot be decoded: a function that returns a message of the same schema, or undefined for
   * none. Default: no answer.
   */
  readonly answerErrors?: Exclude<CodecOptions['answerErrors'], boolean>;
}

/**
 * Creates a codec for one message type of Protocol Buffers, in binary messages. To send different messages, wrap them in a
 * message with a `oneof`. The encoder also takes an object with the fields of the message.
 *
 * @param schema the message's description, such as `ChatSchema`
 * @throws IllegalArgumentException when the argument is not the description of a message, or the option is invalid
 * @throws DeploymentException when @bufbuild/protobuf is not installed
 *
 * @example
 * const ChatCodec = protobuf<Chat>(ChatSchema);
 */
export function protobuf<T extends object>(
  schema: ProtobufSchema,
  options: ProtobufOptions = {},
): Codec<T, Partial<T>, Uint8Array, string, NoReplies> {
  if (typeof schema !== 'object' || schema === null || schema.kind !== 'message') {
    throw new IllegalArgumentException(
      `protobuf takes the description of a message that protoc-gen-es generates, such as ChatSchema; found ${describeValue(schema)}.`,
    );
  }
  const { create, fromBinary, toBinary } = loadLazily(
    '@bufbuild/protobuf',
    'serval/protobuf',
    () => require('@bufbuild/protobuf') as typeof Protobuf,
  );
  // It is the description of a message, which the library made.
  const description = schema as Protobuf.DescMessage;
  return codecFor<T, Partial<T>, Uint8Array, string, NoReplies>(
    {
      name: `protobuf(${schema.typeName})`,
      form: 'binary',
      title: `a ${schema.typeName} of Protocol Buffers`,
      parse: (bytes) => fromBinary(description, bytes),
      format: (value) =>
        toBinary(description, create(description, value as Protobuf.MessageInitShape<typeof description>)),
    },
    undefined,
    options,
  );
}
