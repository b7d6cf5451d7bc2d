import { EncodeException, IllegalStateException, type Codec, type Encoder, type RequestId } from '@serval/api';
import type { RequestCodec } from '@serval/api/spi';
import { asBytes } from './binary-data';
import { isThenable } from './promises';
import { kindOf } from './send-arguments';
import { CollectedMessage, WsOutputStream, WsWriter, type FragmentSink } from './send-streams';
import type { FoundEncoder, SessionCodecs } from './session-codecs';

// The only file that calls encoders.

/** A whole message, ready to be sent. */
export type Encoded = string | Uint8Array;

/** A message for many sessions; undefined (in a promise) when a stream encoder wrote nothing. */
export type Encoding = Encoded | Promise<Encoded | undefined>;

/** Whether the encoder writes its message to a stream, rather than return it. */
export function writesStream({ entry }: FoundEncoder): boolean {
  return entry.format.endsWith('Stream');
}

/**
 * Encodes an object by an encoder that returns its message.
 *
 * @throws EncodeException for anything but a string or bytes, or the encoder's own error
 */
export function encode({ entry, encoder }: FoundEncoder, object: unknown): Encoded | Promise<Encoded> {
  // It writes no stream, so it is a text or binary encoder; both are called alike.
  const encoded: unknown = (encoder as Encoder.Text<unknown>).encode(object);
  return isThenable(encoded)
    ? Promise.resolve(encoded).then((value) => checkEncoded(entry.name, value, object))
    : checkEncoded(entry.name, encoded, object);
}

/**
 * Encodes an object as a request.
 *
 * @throws IllegalStateException when the encoder has no requests, EncodeException, or the encoder's own error
 */
export function encodeRequest(
  found: FoundEncoder | undefined,
  id: RequestId,
  object: unknown,
): Encoded | Promise<Encoded> {
  const codec = found?.encoder as Partial<RequestCodec> | undefined;
  const codecClass = found?.encoder.constructor as Partial<Codec> | undefined;
  if (codec?.encodeRequest === undefined || codecClass?.requests !== true) {
    throw new IllegalStateException(
      'request needs a codec with requests for the object. Add one to the endpoint, such as codecs: [json(schema, { requests: true })].',
    );
  }
  return codec.encodeRequest(id, object);
}

/** The stream for one message of an encoder that writes one. */
export function openStream(
  { entry }: FoundEncoder,
  sink: FragmentSink,
  timeoutMs: number,
  fragmentSize: number,
): WsWriter | WsOutputStream {
  return entry.format === 'textStream'
    ? new WsWriter(sink, timeoutMs, fragmentSize)
    : new WsOutputStream(sink, timeoutMs, fragmentSize);
}

/** Encodes an object to a stream of {@link openStream}. Rejects with the encoder's own error. */
export async function encodeTo(
  stream: WsWriter | WsOutputStream,
  { encoder }: FoundEncoder,
  object: unknown,
): Promise<void> {
  // The stream is of the kind that the entry declares.
  await (encoder as Encoder.TextStream<unknown>).encode(object, stream as WsWriter);
}

/**
 * Encodes an object as `sendObject` does, for many sessions.
 *
 * @throws EncodeException when nothing takes the object, or the encoder's own error
 */
export function encodeForMany(codecs: SessionCodecs, object: unknown, fragmentSize: number): Encoding {
  const found = codecs.encoderFor(object);
  if (found === undefined) return encodePlain(object);
  return writesStream(found) ? collect(found, object, fragmentSize) : encode(found, object);
}

/** Encodes an object for many sessions by an encoder that writes a stream. @returns undefined when it wrote nothing */
async function collect(found: FoundEncoder, object: unknown, fragmentSize: number): Promise<Encoded | undefined> {
  const collected = new CollectedMessage();
  const stream = openStream(found, collected, Infinity, fragmentSize);
  await encodeTo(stream, found, object);
  await stream.close();
  return collected.message;
}

/**
 * Encodes an object that no encoder takes: strings and bytes as they are, primitives as their text.
 *
 * @throws EncodeException for any other object
 */
export function encodePlain(object: unknown): Encoded {
  switch (typeof object) {
    case 'string':
      return object;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(object);
    default: {
      const bytes = asBytes(object);
      if (bytes !== undefined) return bytes;
      throw noEncoder(object);
    }
  }
}

function checkEncoded(name: string, encoded: unknown, object: unknown): Encoded {
  const value = typeof encoded === 'string' ? encoded : asBytes(encoded);
  if (value !== undefined) return value;
  throw new EncodeException(object, `Encoder ${name} returned ${kindOf(encoded)}; expected a string or bytes.`);
}

function noEncoder(object: unknown): EncodeException {
  const type =
    object === null ? 'null' : typeof object === 'object' ? (object.constructor?.name ?? 'object') : typeof object;
  return new EncodeException(
    object,
    `No encoder of the endpoint takes ${type}; add one to its encoders, or send a string or bytes.`,
  );
}
