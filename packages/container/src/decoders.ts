import { DecodeException, PongMessage, type AnyDecoder, type Decoder } from '@serval/api';
import type { ReplyMessage, RequestCodec } from '@serval/api/spi';
import { parsePrimitive, primitiveName, type DecoderEntry, type Decoding } from '@serval/plan';
import { wholeAsStream } from './message-pipe';
import type { SessionCodecs } from './session-codecs';

// The only file that calls decoders.

/**
 * Decodes a message as its route says; a decoder may return a promise.
 *
 * @param arrived text as string, binary and pong data as Buffer, and streams as Reader or InputStream
 * @throws DecodeException, or the decoder's own error
 */
export function decode(codecs: SessionCodecs, decoding: Decoding, arrived: unknown): unknown {
  switch (decoding.kind) {
    case 'as-is':
    case 'stream':
      return arrived;
    case 'primitive': {
      const text = arrived as string;
      try {
        return parsePrimitive(decoding.type, text);
      } catch (error) {
        throw new DecodeException(
          text,
          `The message cannot be a ${primitiveName(decoding.type)}: ${(error as Error).message}.`,
          error,
        );
      }
    }
    case 'array-buffer': {
      const bytes = arrived as Buffer;
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    }
    case 'pong':
      return new PongMessage(arrived as Buffer);
    case 'stream-decoder':
      return callDecode(codecs.decoder(decoding.decoder), arrived);
    case 'decoders': {
      for (const candidate of decoding.candidates) {
        const decoder = codecs.decoder(candidate);
        if (willDecode(decoder, arrived)) return callDecode(decoder, arrived);
      }
      if (decoding.otherwise !== undefined)
        return callDecode(codecs.decoder(decoding.otherwise), wholeAsStream(arrived as string | Buffer));
      const names = decoding.candidates.map(({ name }) => name).join(', ');
      throw new DecodeException(
        arrived as string | Buffer,
        `No decoder takes the message as ${decoding.type}; asked: ${names}.`,
      );
    }
  }
}

/** The reply in a message that its route would not deliver now, or undefined for any other message. */
export function decodeReply(
  codecs: SessionCodecs,
  decoders: readonly DecoderEntry[],
  data: string | Buffer,
): ReplyMessage | undefined {
  const form = typeof data === 'string' ? 'text' : 'binary';
  for (const entry of decoders) {
    if (entry.format !== form) continue;
    const codec = codecs.decoder(entry) as Partial<RequestCodec>;
    const reply = codec.readReply?.(data);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

// A decoder is called with the kind of message that its entry declares; all four kinds are called alike.

function willDecode(decoder: AnyDecoder, message: unknown): boolean {
  const text = decoder as Decoder.Text<unknown>;
  return text.willDecode === undefined || text.willDecode(message as string);
}

function callDecode(decoder: AnyDecoder, message: unknown): unknown {
  return (decoder as Decoder.Text<unknown>).decode(message as string);
}
